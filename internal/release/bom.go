package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// bill lists the modules that a service links, in the versions of go.mod, as an SBOM.
func bill(linked []linkedModule, version string) (*cyclonedx.BOM, error) {
	main := component(linkedModule{Path: ownModule, Version: version}, "MIT")
	var parts []cyclonedx.Component
	var refs []string
	for _, m := range linked {
		name, err := licence(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		parts = append(parts, component(m, name))
		refs = append(refs, parts[len(parts)-1].BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: time.Now().UTC().Format(time.RFC3339), Component: &main}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	return bom, nil
}

func component(m linkedModule, licence string) cyclonedx.Component {
	url := "pkg:golang/" + m.Path + "@" + m.Version
	return cyclonedx.Component{
		BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: url,
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: licence}}},
	}
}

// writeBOM writes the SBOM to a file if there is a name for it, and reads it back in any case.
func writeBOM(linked []linkedModule, version, file string, stdout io.Writer) error {
	bom, err := bill(linked, version)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	var read cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text.Bytes()), cyclonedx.BOMFileFormatJSON).Decode(&read); err != nil {
		return err
	}
	if read.Components == nil || len(*read.Components) != len(linked) || len(linked) == 0 {
		return fmt.Errorf("the SBOM does not list the %d modules that are linked", len(linked))
	}
	if file == "" {
		return nil
	}
	fmt.Fprintf(stdout, "release-check: %s lists %d modules\n", file, len(linked))
	return os.WriteFile(file, text.Bytes(), 0o666)
}
