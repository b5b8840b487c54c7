package kubernetes_test

import (
	"testing"

	"k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func readAccount(t *testing.T) (a v1.ServiceAccount) {
	t.Helper()
	text, _ := documents(t)
	if err := yaml.UnmarshalStrict(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}
