package differential

import (
	"fmt"
	"hash/maphash"
)

// words says what a call returned, so that two clients can be compared.
func words(v any, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("%T %v", v, brief(v))
}

// brief makes long strings short, for they are compared thousands of times, and strings of redigo's byte slices.
func brief(v any) any {
	switch v := v.(type) {
	case string:
		if len(v) < 200 {
			return v
		}
		return fmt.Sprintf("%s… %d bytes %x", v[:40], len(v), maphash.String(hashSeed, v))
	case []byte:
		return brief(string(v))
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = brief(v[i])
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for k := range v {
			all[k] = brief(v[k])
		}
		return all
	case map[any]any:
		all := make(map[any]any, len(v))
		for k := range v {
			all[brief(k)] = brief(v[k])
		}
		return all
	}
	return v
}

var hashSeed = maphash.MakeSeed()

func anys(command []string) []any {
	args := make([]any, len(command))
	for i, a := range command {
		args[i] = a
	}
	return args
}
