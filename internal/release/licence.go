package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licenceOf names the licence of a text by SPDX, or returns an empty string. It knows those that a service may link without
// more than a notice.
func licenceOf(text string) string {
	words := strings.Join(strings.Fields(text), " ")
	has := func(phrase string) bool { return strings.Contains(words, phrase) }
	switch {
	case has("Apache License Version 2.0, January 2004"):
		return "Apache-2.0"
	case has("Permission is hereby granted, free of charge, to any person obtaining a copy of this software"):
		return "MIT"
	case has("Redistribution and use in source and binary forms") && has("may be used to endorse or promote products"):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	}
	return ""
}

// licence reads the licence in a module's folder.
func licence(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if entry.IsDir() || !slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return "", err
		}
		if found := licenceOf(string(text)); found != "" {
			return found, nil
		}
	}
	return "", errors.New("no licence that is known here")
}

// checkLicences fails if a module may ask more of a service than a notice.
func checkLicences(linked []linkedModule, stdout io.Writer) error {
	counts := map[string]int{}
	for _, m := range linked {
		found, err := licence(m.Dir)
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Path, m.Version, err)
		}
		counts[found]++
	}
	var all []string
	for name, n := range counts {
		all = append(all, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(all)
	fmt.Fprintf(stdout, "release-check: licences of the %d modules that are linked: %s\n", len(linked), strings.Join(all, ", "))
	return nil
}
