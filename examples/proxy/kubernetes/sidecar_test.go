// Package kubernetes_test checks sidecar.yaml as far as that is possible without a cluster: against the types of the
// Kubernetes API, in which an unknown field is an error, and against the proxy's own flags and paths. It is a module of its
// own because of the former.
package kubernetes_test

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/examples/proxy/settings"
	"k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// documents returns the two objects of the manifest, as text.
func documents(t *testing.T) (account, deployment []byte) {
	t.Helper()
	text, err := os.ReadFile("sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(text, []byte("\n---\n"))
	if len(parts) != 2 {
		t.Fatalf("%d documents, want 2", len(parts))
	}
	return parts[0], parts[1]
}

func readDeployment(t *testing.T) (d v1.Deployment) {
	t.Helper()
	_, text := documents(t)
	if err := yaml.UnmarshalStrict(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFieldsFitTogether(t *testing.T) {
	account, deployment := readAccount(t), readDeployment(t)
	if account.APIVersion+account.Kind != "v1ServiceAccount" || deployment.APIVersion+deployment.Kind != "apps/v1Deployment" {
		t.Errorf("kinds %v and %v", account.TypeMeta, deployment.TypeMeta)
	}
	pod := deployment.Spec.Template
	for label, value := range deployment.Spec.Selector.MatchLabels {
		if pod.Labels[label] != value {
			t.Errorf("the selector wants %s=%s", label, value)
		}
	}
	if pod.Spec.ServiceAccountName != account.Name || account.Annotations["azure.workload.identity/client-id"] == "" ||
		pod.Labels["azure.workload.identity/use"] != "true" {
		t.Error("workload identity is not set up: its label, its annotation, or the service account is missing")
	}
}

func TestProxyTakesItsArguments(t *testing.T) {
	deployment := readDeployment(t)
	pod := deployment.Spec.Template
	proxy := pod.Spec.InitContainers[0]
	if proxy.RestartPolicy == nil || *proxy.RestartPolicy != "Always" {
		t.Error("the proxy is no sidecar: its restartPolicy is not Always")
	}
	var stderr bytes.Buffer
	s, err := settings.Parse(proxy.Args, &stderr)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	const closing = 5 * time.Second
	if grace := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second; s.Drain+closing >= grace {
		t.Errorf("it is killed after %v, while it drains for %v", grace, s.Drain)
	}
	if s.AllowRemote || !strings.HasPrefix(s.Listen, "127.0.0.1:") {
		t.Errorf("it listens on %s", s.Listen)
	}
	if variable := pod.Spec.Containers[0].Env[0]; variable.Name != "REDIS_URL" || variable.Value != "redis://"+s.Listen {
		t.Errorf("the program has %v, and the proxy listens on %s", variable, s.Listen)
	}
}

// The paths are those that the proxy serves, on the port on which it serves them.
func TestProbesAskTheProxy(t *testing.T) {
	deployment := readDeployment(t)
	pod := deployment.Spec.Template
	proxy := pod.Spec.InitContainers[0]
	s, err := settings.Parse(proxy.Args, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	port := proxy.Ports[0]
	if s.HTTP != ":"+pod.Annotations["prometheus.io/port"] || !strings.HasSuffix(s.HTTP, ":"+strconv.Itoa(int(port.ContainerPort))) {
		t.Errorf("it serves HTTP on %s, and its port is %d", s.HTTP, port.ContainerPort)
	}
	served, err := os.ReadFile("../monitor.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{proxy.StartupProbe.HTTPGet.Path, proxy.LivenessProbe.HTTPGet.Path, pod.Annotations["prometheus.io/path"]} {
		if !bytes.Contains(served, []byte(`"GET `+path+`"`)) {
			t.Errorf("the proxy does not serve %s", path)
		}
	}
	for _, asked := range []string{proxy.StartupProbe.HTTPGet.Port.String(), proxy.LivenessProbe.HTTPGet.Port.String()} {
		if asked != port.Name {
			t.Errorf("a probe asks port %s", asked)
		}
	}
}

// It meets the restricted Pod Security Standard, and its file system cannot be written to.
func TestProxyRunsWithFewRights(t *testing.T) {
	deployment := readDeployment(t)
	proxy := deployment.Spec.Template.Spec.InitContainers[0]
	c := proxy.SecurityContext
	if !*c.RunAsNonRoot || *c.RunAsUser == 0 || *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem ||
		!slices.Contains(c.Capabilities.Drop, "ALL") || c.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("%+v", c)
	}
	if proxy.Resources.Limits.Memory().IsZero() || proxy.Resources.Requests.Cpu().IsZero() {
		t.Errorf("resources %+v", proxy.Resources)
	}
}
