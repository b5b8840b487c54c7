package main

import (
	"slices"
	"strings"
	"testing"
)

func TestComparesWhatIsNotLinked(t *testing.T) {
	before := state{"1.25.0", map[string]string{"example.com/a": "v1.0.0", "example.com/b": "v1.0.0", "example.com/c": "v1.0.0", "example.com/gone": "v1.0.0"}}
	after := state{"1.26.0", map[string]string{"example.com/a": "v1.1.0", "example.com/b": "v1.1.0", "example.com/c": "v1.0.0", "example.com/new": "v1.0.0"}}
	e := compare(before, after, map[string]bool{"example.com/b": true, "example.com/new": true})
	if want := []string{"example.com/a v1.0.0 => v1.1.0", "go 1.25.0 => 1.26.0"}; !slices.Equal(e.moved, want) {
		t.Errorf("moved %q, want %q", e.moved, want)
	}
	if want := []string{"example.com/b v1.0.0 => v1.1.0"}; !slices.Equal(e.linked, want) {
		t.Errorf("linked %q, want %q", e.linked, want)
	}
}

func TestLicences(t *testing.T) {
	const bsd = "Redistribution and use in source and binary\nforms, with or without modification"
	for text, want := range map[string]string{
		"                Apache License\n          Version 2.0, January 2004":                                "Apache-2.0",
		"Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software and": "MIT",
		bsd: "BSD-2-Clause",
		bsd + "\nNeither the name of X nor the names of its contributors may be used to endorse or promote products": "BSD-3-Clause",
		"GNU GENERAL PUBLIC LICENSE Version 3": "",
		"":                                     "",
	} {
		if got := licenceOf(text); got != want {
			t.Errorf("%.40q is %q, want %q", text, got, want)
		}
	}
}

func TestModuleWithoutAKnownLicenceIsRefused(t *testing.T) {
	err := checkLicences([]linkedModule{{"example.com/a", "v1.0.0", t.TempDir()}}, new(strings.Builder))
	if err == nil || !strings.HasPrefix(err.Error(), "example.com/a v1.0.0: ") {
		t.Errorf("error %v, want one that names the module", err)
	}
}

func TestBillListsWhatIsLinked(t *testing.T) {
	modules := []linkedModule{{ownModule, "v1.2.3", "../.."}, {"example.com/b", "v1.0.0", "../.."}}
	bom, err := bill(modules, "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, part := range *bom.Components {
		got = append(got, part.PackageURL+" "+(*part.Licenses)[0].License.ID)
	}
	want := []string{"pkg:golang/" + ownModule + "@v1.2.3 MIT", "pkg:golang/example.com/b@v1.0.0 MIT"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
