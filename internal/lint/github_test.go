package main_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

const root = "../.."

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A command is the text of a step that a shell runs.
type command struct{ workflow, text string }

func commands(t *testing.T) []command {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflow was found: %v", err)
	}
	var all []command
	for _, file := range files {
		for _, job := range workflow(t, filepath.Base(file)).Jobs {
			for _, step := range job.Steps {
				if run, ok := step.Exec.(*actionlint.ExecRun); ok {
					all = append(all, command{filepath.Base(file), run.Run.Value})
				}
			}
		}
	}
	return all
}

func workflow(t *testing.T, name string) *actionlint.Workflow {
	t.Helper()
	parsed, errs := actionlint.Parse(read(t, ".github/workflows/"+name))
	for _, err := range errs {
		t.Errorf("%s: %v", name, err)
	}
	if parsed == nil {
		t.FailNow()
	}
	return parsed
}

// values returns a row of the matrix of a job.
func values(t *testing.T, name, job, row string) []string {
	t.Helper()
	matrix := workflow(t, name).Jobs[job].Strategy.Matrix
	if matrix.Rows[row] == nil {
		t.Fatalf("the matrix of %s in %s has no %s", job, name, row)
	}
	var all []string
	for _, value := range matrix.Rows[row].Values {
		all = append(all, strings.Trim(value.String(), `"`))
	}
	return all
}

func TestWorkflowsRunTargetsThatExist(t *testing.T) {
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9 -]*):`).FindAllStringSubmatch(string(read(t, "Makefile")), -1) {
		for name := range strings.FieldsSeq(m[1]) {
			targets[name] = true
		}
	}
	var named []string
	for _, c := range commands(t) {
		for _, m := range regexp.MustCompile(`\bmake ([a-z][a-z0-9-]*)`).FindAllStringSubmatch(c.text, -1) {
			named = append(named, m[1])
		}
	}
	named = append(named, values(t, "night.yml", "night", "target")...)
	if len(named) < 6 {
		t.Fatalf("found only %v", named)
	}
	for _, name := range named {
		if !targets[name] {
			t.Errorf("a workflow runs make %s, which the Makefile does not have", name)
		}
	}
}

func TestWorkflowsTestAllServers(t *testing.T) {
	all := regexp.MustCompile(`(?m)^all=\((.*)\)$`).FindSubmatch(read(t, "scripts/servers.sh"))
	if all == nil {
		t.Fatal("scripts/servers.sh has no list of servers")
	}
	want := strings.Fields(string(all[1]))
	if got := values(t, "test.yml", "servers", "server"); !slices.Equal(got, want) {
		t.Errorf("the workflow tests %v, scripts/servers.sh has %v", got, want)
	}
}

// A scan that did not take place is no clean scan.
func TestVulnerabilityWorkflowFailsWithoutDatabase(t *testing.T) {
	var step string
	for _, c := range commands(t) {
		if c.workflow == "vulnerabilities.yml" {
			step += c.text + "\n"
		}
	}
	for _, tt := range []struct {
		name, vuln string // what make vuln does
		passes     bool
	}{
		{"clean", "echo 'No vulnerabilities found.'", true},
		{"offline", "echo 'vuln: NOT RUN, the vulnerability database cannot be reached:'", false},
		{"vulnerable", "echo 'Vulnerability #1'; exit 3", false},
	} {
		dir := t.TempDir()
		script := "#!/bin/sh\n[ \"$*\" = vuln ] || exit 9\n" + tt.vuln + "\n"
		if err := os.WriteFile(filepath.Join(dir, "make"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step) // as GitHub does
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if passes := err == nil; passes != tt.passes {
			t.Errorf("%s: %v, want that it passes: %v\n%s", tt.name, err, tt.passes, out)
		}
	}
}

func TestDependabotKnowsEveryModule(t *testing.T) {
	var settings struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directory   string
			Directories []string
		}
	}
	if err := yaml.Unmarshal(read(t, ".github/dependabot.yml"), &settings); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range settings.Updates {
		if u.Ecosystem == "gomod" {
			got = append(got, u.Directories...)
			if u.Directory != "" {
				got = append(got, u.Directory)
			}
		}
	}
	var want []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
		if path.Base(name) == "go.mod" {
			want = append(want, path.Join("/", path.Dir(name)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("dependabot has %v, the modules are %v", got, want)
	}
}

// A form is what GitHub's syntax for issue forms allows of what is used here.
type form struct {
	Name, Description, Title string
	Labels                   []string
	Body                     []struct {
		Type, ID   string
		Attributes struct {
			Label, Description, Placeholder, Value, Render string
			Options                                        []string
		}
		Validations struct{ Required bool }
	}
}

func TestIssueForms(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/ISSUE_TEMPLATE/*.yml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v, %v", files, err)
	}
	asksForReport := false
	for _, file := range files {
		name := filepath.Base(file)
		if name == "config.yml" {
			continue // no form
		}
		var f form
		dec := yaml.NewDecoder(bytes.NewReader(read(t, ".github/ISSUE_TEMPLATE/"+name)))
		dec.KnownFields(true)
		if err := dec.Decode(&f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if f.Name == "" || f.Description == "" {
			t.Errorf("%s: GitHub wants a name and a description", name)
		}
		ids, asks := map[string]bool{}, 0
		for _, field := range f.Body {
			switch field.Type {
			case "markdown":
				if field.Attributes.Value == "" {
					t.Errorf("%s: empty markdown", name)
				}
				continue
			case "dropdown":
				if len(field.Attributes.Options) == 0 {
					t.Errorf("%s: %s has no options", name, field.ID)
				}
			case "textarea", "input":
			default:
				t.Errorf("%s: no field is of type %q", name, field.Type)
			}
			asks++
			if field.ID == "" || ids[field.ID] || field.Attributes.Label == "" {
				t.Errorf("%s: a field needs an id of its own and a label: %+v", name, field)
			}
			ids[field.ID] = true
			if strings.Contains(field.Attributes.Description, "/examples/doctor@latest") && field.Validations.Required {
				asksForReport = true
			}
		}
		if asks == 0 {
			t.Errorf("%s asks for nothing", name)
		}
	}
	if !asksForReport {
		t.Error("no form requires the report of examples/doctor")
	}
}
