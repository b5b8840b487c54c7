package schematest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/alertsmanagement/armalertsmanagement"
	"github.com/entraredis/entraredis/otel/alerts/internal/rules"
	"github.com/google/go-cmp/cmp"
)

const bicep = "../../prometheusrulegroups.bicep"

// A resource is one of the Bicep file, evaluated.
type resource struct {
	Type string
	Body json.RawMessage
}

// evaluate parses a Bicep file and puts the values of its parameters in.
func evaluate(t *testing.T, file string, parameters map[string]any) (resources []resource, problem string) {
	t.Helper()
	modules := os.Getenv("BICEP_MODULES")
	if modules == "" {
		t.Fatal("BICEP_MODULES does not name the folder in which npm installed tree-sitter-bicep; make observability-test sets it")
	}
	values, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", "evaluate.mjs", modules, file, string(values))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, stderr.String()
	}
	if err := json.Unmarshal(stdout.Bytes(), &resources); err != nil {
		t.Fatal(err)
	}
	return resources, ""
}

func parameters() map[string]any {
	return map[string]any{"azureMonitorWorkspaceId": "/subscriptions/s/workspace", "actionGroupIds": []string{"/subscriptions/s/night", "/subscriptions/s/day"}}
}

// withoutNulls drops properties that are null: Azure Resource Manager takes them as absent.
func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if inner == nil {
				delete(value, key)
			} else {
				value[key] = withoutNulls(inner)
			}
		}
	case []any:
		for i := range value {
			value[i] = withoutNulls(value[i])
		}
	}
	return value
}

// decode decodes a resource into Azure's types, and reports what they do not know.
func decode(t *testing.T, body json.RawMessage) (group armalertsmanagement.PrometheusRuleGroupResource, unknown string) {
	t.Helper()
	if err := json.Unmarshal(body, &group); err != nil {
		return group, err.Error()
	}
	again, err := json.Marshal(group)
	if err != nil {
		t.Fatal(err)
	}
	var given, known any
	if err := json.Unmarshal(body, &given); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &known); err != nil {
		t.Fatal(err)
	}
	return group, cmp.Diff(withoutNulls(given), known)
}

func TestBicepIsWhatAzureTakes(t *testing.T) {
	resources, problem := evaluate(t, bicep, parameters())
	if problem != "" {
		t.Fatal(problem)
	}
	groups := rules.Groups(rules.Options{})
	if len(resources) != len(groups) {
		t.Fatalf("%d resources, want one for each of %d groups", len(resources), len(groups))
	}
	for i, r := range resources {
		if r.Type != "Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01" {
			t.Errorf("resource of type %s", r.Type)
		}
		group, unknown := decode(t, r.Body)
		if unknown != "" {
			t.Fatalf("Azure's types do not know (-given +known):\n%s", unknown)
		}
		checkGroup(t, group, groups[i])
	}
}

// Azure's documentation: interval and timeToResolve are 1 to 15 minutes.
var minutes = regexp.MustCompile(`^PT([1-9]|1[0-5])M$`)

func checkGroup(t *testing.T, group armalertsmanagement.PrometheusRuleGroupResource, want rules.Group) {
	t.Helper()
	if *group.Name != want.Name || *group.Location != "westeurope" || group.Properties.ClusterName != nil {
		t.Errorf("name %s, location %s, cluster %v", *group.Name, *group.Location, group.Properties.ClusterName)
	}
	if scopes := group.Properties.Scopes; len(scopes) != 1 || *scopes[0] != "/subscriptions/s/workspace" {
		t.Errorf("%s: the scope is not the workspace", want.Name)
	}
	if !*group.Properties.Enabled || !minutes.MatchString(*group.Properties.Interval) {
		t.Errorf("%s: enabled %t, interval %s", want.Name, *group.Properties.Enabled, *group.Properties.Interval)
	}
	if len(group.Properties.Rules) != len(want.Rules) {
		t.Fatalf("%s has %d rules, want %d", want.Name, len(group.Properties.Rules), len(want.Rules))
	}
	for i, got := range group.Properties.Rules {
		checkRule(t, got, want.Rules[i])
	}
}

func checkRule(t *testing.T, got *armalertsmanagement.PrometheusRule, want rules.Rule) {
	t.Helper()
	name := want.Record + want.Alert
	if expr := strings.Join(strings.Fields(want.Expr), " "); *got.Expression != expr {
		t.Errorf("%s: expression\n%s\nwant\n%s", name, *got.Expression, expr)
	}
	for key, value := range want.Labels {
		if got.Labels[key] == nil || *got.Labels[key] != value {
			t.Errorf("%s: label %s is not %s", name, key, value)
		}
	}
	if want.Record != "" {
		if *got.Record != want.Record || got.Alert != nil || got.Severity != nil || got.Actions != nil {
			t.Errorf("%s is recorded with fields of an alert", name)
		}
		return
	}
	severities := map[string]int32{"critical": 0, "warning": 2}
	if *got.Alert != want.Alert || *got.Severity != severities[want.Labels["severity"]] {
		t.Errorf("%s: alert %s, severity %d", name, *got.Alert, *got.Severity)
	}
	if summary, description := *got.Annotations["summary"], *got.Annotations["description"]; summary != want.Summary || description != want.Description {
		t.Errorf("%s: summary %q, description %q", name, summary, description)
	}
	if !strings.HasSuffix(*got.Annotations["runbook_url"], "#"+strings.ToLower(want.Section())) {
		t.Errorf("%s: runbook_url %s", name, *got.Annotations["runbook_url"])
	}
	if pause := strings.TrimSuffix(strings.ToUpper(want.For.String()), "0S"); *got.For != "PT"+pause {
		t.Errorf("%s: for %s, want PT%s", name, *got.For, pause)
	}
	if !*got.ResolveConfiguration.AutoResolved || !minutes.MatchString(*got.ResolveConfiguration.TimeToResolve) {
		t.Errorf("%s: is not resolved by itself", name)
	}
	if len(got.Actions) != 2 || *got.Actions[0].ActionGroupID != "/subscriptions/s/night" || *got.Actions[1].ActionGroupID != "/subscriptions/s/day" {
		t.Errorf("%s does not notify the action groups", name)
	}
}

func TestBicepCanBeNarrowedToACluster(t *testing.T) {
	values := parameters()
	values["clusterName"] = "prod"
	values["location"] = "northeurope"
	values["criticalSeverity"] = 1
	resources, problem := evaluate(t, bicep, values)
	if problem != "" {
		t.Fatal(problem)
	}
	severities := map[int32]bool{}
	for _, r := range resources {
		group, _ := decode(t, r.Body)
		if !strings.HasSuffix(*group.Name, "-prod") || *group.Properties.ClusterName != "prod" || *group.Location != "northeurope" {
			t.Errorf("name %s, cluster %s, location %s", *group.Name, *group.Properties.ClusterName, *group.Location)
		}
		for _, rule := range group.Properties.Rules {
			if rule.Severity != nil {
				severities[*rule.Severity] = true
			}
		}
	}
	if diff := cmp.Diff(map[int32]bool{1: true, 2: true}, severities); diff != "" {
		t.Errorf("severities (-want +got):\n%s", diff)
	}
}

// A check that cannot fail proves nothing.
func TestMistakesInBicepAreNoticed(t *testing.T) {
	text, err := os.ReadFile(bicep)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"properties: {", "properties: ["}, {"'PT1M'", "PT1M"}, {"actions: actions", "actions: action"}, {"expression: '", "expr: '"},
		{"resolveConfiguration:", "resolve:"}, {"criticalSeverity int = 0", "criticalSeverity int = '0'"}, {"param location string", "param place string"},
	} {
		t.Run(change[0], func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "changed.bicep")
			changed := strings.ReplaceAll(string(text), change[0], change[1])
			if changed == string(text) {
				t.Fatal("nothing was changed")
			}
			if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			resources, problem := evaluate(t, file, parameters())
			for _, r := range resources {
				_, unknown := decode(t, r.Body)
				problem += unknown
			}
			if problem == "" {
				t.Error("not noticed")
			}
		})
	}
}
