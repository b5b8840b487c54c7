package diagnosis

import (
	"slices"
	"strings"
)

// A Service is one of Azure's, by its name.
type Service string

// The services whose caches have names of their own.
const (
	AzureCache      Service = "Azure Cache for Redis"
	AzureEnterprise Service = "Azure Cache for Redis Enterprise"
	AzureManaged    Service = "Azure Managed Redis"
)

// domains returns the domains of a service's caches, in all clouds.
func (s Service) domains() []string {
	switch s {
	case AzureCache:
		return []string{"redis.cache.windows.net", "redis.cache.usgovcloudapi.net", "redis.cache.chinacloudapi.cn"}
	case AzureEnterprise:
		return []string{"redisenterprise.cache.azure.net"}
	case AzureManaged:
		return []string{"redis.azure.net", "redis.usgovcloudapi.net", "redis.chinacloudapi.cn"}
	}
	return nil
}

// port returns where a service's caches listen with TLS, "" for a service that is not known.
func (s Service) port() string {
	switch s {
	case AzureCache:
		return "6380"
	case AzureEnterprise, AzureManaged:
		return "10000"
	}
	return ""
}

// serviceAt returns whose cache a host is, and the name of the cache. Both are "" for a host that
// is not in a domain of Azure's caches.
func serviceAt(hostname string) (of Service, cache string) {
	hostname = strings.ToLower(strings.TrimSuffix(hostname, "."))
	for _, s := range []Service{AzureCache, AzureEnterprise, AzureManaged} {
		if slices.ContainsFunc(s.domains(), func(domain string) bool { return strings.HasSuffix(hostname, "."+domain) }) {
			cache, _, _ := strings.Cut(hostname, ".")
			return s, cache
		}
	}
	return "", ""
}
