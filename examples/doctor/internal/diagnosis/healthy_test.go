package diagnosis_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
)

// Every answer takes as long as it does from another continent.
func TestHealthyCacheIsHealthyWithinFiveSeconds(t *testing.T) {
	for _, d := range entratest.Dialects() {
		if d.Passwordless || d.StaysInRESP2 {
			continue // the report has a warning about these, see misconfigurations
		}
		t.Run(d.Name, func(t *testing.T) {
			const latency = 150 * time.Millisecond
			report := wantNoFinding(t, stage{
				dialect: d, entra: entratest.Fault{Delay: 2 * latency}, network: entratest.NetworkFault{Delay: latency},
				faults: []entratest.WireFault{{Delay: latency}},
			})
			if took := time.Duration(report.Millis) * time.Millisecond; !report.Healthy || took >= 5*time.Second || took < 5*latency {
				t.Errorf("healthy %t after %v:\n%s", report.Healthy, took, text(t, report))
			}
			if s := report.Settings; s == nil || *s != (diagnosis.Settings{TLS: true, RESP3: true}) {
				t.Errorf("settings %+v", s)
			}
		})
	}
}

// A development server takes anything as the password of the user default.
func TestServerWithoutPasswordsIsHealthyForTheUserDefault(t *testing.T) {
	wantNoFinding(t, stage{dialect: entratest.Passwordless(), user: "default"})
}

func wantNoFinding(t *testing.T, s stage) *diagnosis.Report {
	t.Helper()
	report := s.examine(t)
	for _, step := range report.Steps {
		if step.Verdict != diagnosis.OK {
			t.Errorf("%s: %s, %s", step.Name, step.Verdict, step.Detail)
		}
	}
	return report
}

func TestPushBeforeAnAnswerIsNoAnswer(t *testing.T) {
	const answer = ">2\r\n$10\r\ninvalidate\r\n_\r\n-ERR no cluster\r\n"
	report := wantNoFinding(t, stage{serve: scriptedServer{answers: map[string]string{"CLUSTER": answer}}.serve})
	if shown := text(t, report); !strings.Contains(shown, "no cluster: ERR no cluster") {
		t.Errorf("another answer was read:\n%s", shown)
	}
}

// The program's keys are others than the one that is examined.
func TestPolicyAboutKeysForbidsNoCommand(t *testing.T) {
	for _, words := range []string{
		"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n", "-NOPERM No permissions to access a key\r\n",
	} {
		wantNoFinding(t, stage{serve: scriptedServer{answers: map[string]string{"GET": words, "SET": words}}.serve})
	}
}

// A server that says it is no cluster is none, whatever CLUSTER SLOTS may be.
func TestStandaloneServerIsNoClusterWithoutTheRightToAsk(t *testing.T) {
	wantNoFinding(t, stage{serve: scriptedServer{answers: map[string]string{
		"HELLO":   "%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n",
		"CLUSTER": "-NOPERM this user has no permissions to run the 'cluster|slots' command\r\n",
	}}.serve})
}

// Command line tools take their time.
func TestCredentialMayTakeLongerThanAStep(t *testing.T) {
	wantNoFinding(t, stage{entra: entratest.Fault{Delay: 12 * time.Second}})
}

// A managed identity endpoint has the clock of this machine, so its date says nothing. Redis's
// does.
func TestManagedIdentityEndpointIsNoClock(t *testing.T) {
	report := stage{ahead: time.Hour, managed: true}.examine(t)
	for _, step := range report.Steps {
		if step.Name == "clock" && (step.Verdict != diagnosis.OK || !strings.Contains(step.Detail, cacheAddr)) {
			t.Errorf("%s: %s", step.Verdict, step.Detail)
		}
	}
}

func TestTwoStepsThatFindTheSameAreOneLine(t *testing.T) {
	shown := text(t, stage{user: entratest.ClientID}.examine(t))
	if strings.Count(shown, ": user-is-client-id: ") != 1 || !strings.Contains(shown, "\nlogin: user-is-client-id: ") {
		t.Errorf("the cause does not stand once, with the step that failed:\n%s", shown)
	}
}

func TestFailuresAreToldBeforeWarnings(t *testing.T) {
	shown := text(t, stage{addr: cacheHost + ":6381", entra: says(401, 7000215)}.examine(t))
	failure, warning := strings.Index(shown, "\ncredential: secret-wrong: "), strings.Index(shown, "\naddress: unusual-port: ")
	if failure < 0 || warning < failure {
		t.Errorf("failure at %d, warning at %d:\n%s", failure, warning, shown)
	}
}

// Each step that can goes on when another one fails.
func TestStepsThatNeedNothingOfAFailedOneAreTaken(t *testing.T) {
	report := stage{entra: says(401, 7000215)}.examine(t)
	for _, step := range report.Steps {
		want := map[string]diagnosis.Verdict{
			"credential": diagnosis.Failed, "identity": diagnosis.Skipped, "login": diagnosis.Skipped, "renewal": diagnosis.Skipped,
			"pipeline": diagnosis.Skipped, "protocol": diagnosis.Skipped, "cluster": diagnosis.Skipped, "commands": diagnosis.Skipped,
		}[step.Name]
		if want == "" {
			want = diagnosis.OK
		}
		if step.Verdict != want {
			t.Errorf("%s: %s, want %s: %s", step.Name, step.Verdict, want, step.Detail)
		}
	}
	if report.Millis > 1000 { // by the clock of the bubble
		t.Errorf("a credential that was rejected is asked again: %d ms", report.Millis)
	}
}

func TestIdentityIsNamedByItsKind(t *testing.T) {
	for want, claims := range map[string]map[string]any{
		"service principal": {"idtyp": "app"}, "account of a person, client id": {"idtyp": "user"}, "identity, client id": {"idtyp": nil},
		"managed identity orders": {"xms_mirid": "/subscriptions/1/resourcegroups/2/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"},
	} {
		if shown := text(t, wantNoFinding(t, stage{entra: entratest.Fault{Claims: claims}})); !strings.Contains(shown, want) {
			t.Errorf("the report does not say %q:\n%s", want, shown)
		}
	}
}

// What a hostile server answers ends a step, and nothing else.
func TestNoAnswerIsTooStrange(t *testing.T) {
	for _, answer := range []string{
		"*1\r\n", "*\r\n", "$-1\r\n", "$-2\r\n", "$999999999999\r\n", "$\r\n", "%1\r\n$1\r\n", "*65537\r\n", "*-5\r\n", "-\x1b[2J\r\n", "\r\n", "\n",
		"$1\r\nab", "+", "+\n", ">1\r\n", strings.Repeat("+x", 5000), "*2\r\n+a\r\nHTTP/1.1 200 OK\r\n",
	} {
		report := stage{serve: func(conn net.Conn) {
			defer conn.Close()
			_, _ = io.WriteString(conn, answer) // the examination may have closed it
			_, _ = io.Copy(io.Discard, conn)
		}}.examine(t)
		if report.Healthy {
			t.Errorf("%q: healthy:\n%s", answer, text(t, report))
		}
	}
}
