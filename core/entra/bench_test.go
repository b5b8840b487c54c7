package entra_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
)

func BenchmarkSourceToken(b *testing.B) {
	src := newSource(b, minting(life), nil)
	ctx := b.Context()
	mustToken(b, src)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSourceTokenParallel(b *testing.B) {
	src := newSource(b, minting(life), nil)
	ctx := b.Context()
	mustToken(b, src)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := src.Token(ctx); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkTokenCredentials(b *testing.B) {
	tok := mustToken(b, newSource(b, minting(life), nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, password := tok.Credentials(); password == "" {
			b.Fatal("no password")
		}
	}
}

// For comparison: what asking the credential for each login would cost, its cache included.
func BenchmarkAzidentityCache(b *testing.B) {
	cred := secretCredential(b, entratest.NewSTS(nil))
	ctx, opts := b.Context(), policy.TokenRequestOptions{Scopes: []string{entra.DefaultScope}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cred.GetToken(ctx, opts); err != nil {
			b.Fatal(err)
		}
	}
}

func TestValidTokenIsServedWithoutAllocating(t *testing.T) {
	src := newSource(t, minting(life), nil)
	ctx := t.Context()
	mustToken(t, src)
	if n := testing.AllocsPerRun(100, func() { _, _ = src.Token(ctx) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
