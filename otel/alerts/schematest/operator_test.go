package schematest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entraredis/entraredis/otel/alerts"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// The module is not required, because its packages bring Kubernetes with them; only one file of it is read.
const operator = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

// definition returns the schema of a PrometheusRule. Kubernetes would drop fields that the schema does not name; here they
// are refused.
func definition(t *testing.T) *jsonschema.Schema {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", operator).Output()
	if err != nil {
		t.Fatalf("%s cannot be fetched: %v\n%s", operator, err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "example", "prometheus-operator-crd", "monitoring.coreos.com_prometheusrules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	if len(crd.Spec.Versions) != 1 || crd.Spec.Versions[0].Name != "v1" {
		t.Fatal("the definition has other versions than v1")
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	refuseOthers(schema)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("prometheusrule.json", plain(t, schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("prometheusrule.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func refuseOthers(schema map[string]any) {
	if properties, ok := schema["properties"].(map[string]any); ok {
		schema["additionalProperties"] = false
		for _, property := range properties {
			refuseOthers(property.(map[string]any))
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		refuseOthers(items)
	}
}

// plain makes of what YAML was decoded to what JSON would be.
func plain(t *testing.T, value any) (decoded any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err = jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func manifest(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../prometheusrule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decodeYAML(t *testing.T, text string) (decoded map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestPrometheusRuleIsWhatTheOperatorTakes(t *testing.T) {
	decoded := decodeYAML(t, manifest(t))
	if err := definition(t).Validate(plain(t, decoded)); err != nil {
		t.Error(err)
	}
	if decoded["apiVersion"] != "monitoring.coreos.com/v1" || decoded["kind"] != "PrometheusRule" {
		t.Errorf("%v %v", decoded["apiVersion"], decoded["kind"])
	}
	if diff := cmp.Diff(decodeYAML(t, string(alerts.Rules())), decoded["spec"]); diff != "" {
		t.Errorf("the groups are not those of the rule file (-rules +manifest):\n%s", diff)
	}
}

// A check that cannot fail proves nothing.
func TestMistakesInThePrometheusRuleAreNoticed(t *testing.T) {
	schema := definition(t)
	for _, change := range [][2]string{
		{"for: 5m", "for: 5 minutes"}, {"expr: |", "expression: |"}, {"- record: entraredis:service_pods", "- recorded: entraredis:service_pods"},
		{"severity: critical", "severity: 1"}, {"spec:", "specification:"}, {"- name: entraredis\n", "- title: entraredis\n"},
	} {
		t.Run(change[0], func(t *testing.T) {
			changed := strings.ReplaceAll(manifest(t), change[0], change[1])
			if changed == manifest(t) {
				t.Fatal("nothing was changed")
			}
			if err := schema.Validate(plain(t, decodeYAML(t, changed))); err == nil {
				t.Error("not noticed")
			}
		})
	}
}
