package schematest_test

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/examples/doctor/internal/diagnosis"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestReportsFitTheSchema(t *testing.T) {
	schema := compile(t)
	for name, faults := range map[string][]entratest.WireFault{
		"healthy": nil, "refused": {{RefuseAuth: "WRONGPASS invalid username-password pair"}},
		"warning": {{StayInRESP2: true}}, "renewal refused": {{RefuseAuth: "ERR", RotationOnly: true}},
	} {
		if err := validate(t, schema, report(t, faults)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema that refuses nothing proves nothing.
func TestSchemaRefusesOtherReports(t *testing.T) {
	schema := compile(t)
	healthy := report(t, nil)
	for _, change := range [][2]string{
		{`"healthy": true`, `"healthy": "yes"`}, {`"healthy": true`, `"healthy": true, "token": "eyJ"`}, {`"format": 1`, `"format": 2`},
		{`"verdict": "ok"`, `"verdict": "failed"`}, {`"verdict": "ok"`, `"verdict": "good"`}, {`"name": "dns"`, `"name": "DNS"`},
		{`"tls": true`, `"TLS": true`},
	} {
		other := strings.Replace(healthy, change[0], change[1], 1)
		if other == healthy {
			t.Fatalf("the report has no %s:\n%s", change[0], healthy)
		}
		if validate(t, schema, other) == nil {
			t.Errorf("%s in place of %s fits", change[1], change[0])
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

// report examines a gateway with these faults.
func report(t *testing.T, faults []entratest.WireFault) string {
	t.Helper()
	sts := entratest.NewSTS(nil)
	server, client, err := entratest.TLSConfigs("localhost")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gateway := entratest.NewGateway(listener, &entratest.GatewayOptions{
		STS: sts, TLS: server, Dialect: entratest.Dialect{Unknown: []string{"CLUSTER"}}, // miniredis announces an address of its own
	})
	defer gateway.Close()
	for _, fault := range faults {
		gateway.Inject(fault)
	}
	_, port, err := net.SplitHostPort(gateway.Addr())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	examined := diagnosis.Examine(t.Context(), diagnosis.Options{
		Address: "localhost:" + port, Credential: sts.Credential(), TLS: client, Timeout: 5 * time.Minute,
	})
	if err := examined.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
