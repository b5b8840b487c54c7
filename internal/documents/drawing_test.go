package documents_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A drawing shows each text of its source, and no other one.
func TestDrawingsAreMadeOfTheirSources(t *testing.T) {
	sources, err := filepath.Glob("../../docs/images/*.d2")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no drawing was found: %v", err)
	}
	label := regexp.MustCompile(`(?m): "([^"]+)"`)
	comment := regexp.MustCompile(`(?m)^#.*$`)
	shown := regexp.MustCompile(`<(?:text|tspan)[^>]*>([^<]+)</`)
	for _, source := range sources {
		drawing := strings.TrimSuffix(source, ".d2") + ".svg"
		want, got := map[string]bool{}, map[string]bool{}
		for _, m := range label.FindAllStringSubmatch(comment.ReplaceAllString(read(t, source), ""), -1) {
			if strings.HasPrefix(m[1], "#") {
				continue // a colour
			}
			for line := range strings.SplitSeq(m[1], `\n`) {
				want[line] = true
			}
		}
		for _, m := range shown.FindAllStringSubmatch(read(t, drawing), -1) {
			got[html.UnescapeString(m[1])] = true
		}
		for text := range want {
			if !got[text] {
				t.Errorf("%s does not show %q: run make drawings", drawing, text)
			}
		}
		for text := range got {
			if !want[text] {
				t.Errorf("%s shows %q, which its source does not have: run make drawings", drawing, text)
			}
		}
	}
}

// Each room that is drawn is a folder of the repository.
func TestDrawnRoomsAreThere(t *testing.T) {
	const root = "../.."
	text := read(t, "../../docs/images/rooms.d2")
	area := ""
	rooms := 0
	for line := range strings.SplitSeq(text, "\n") {
		m := regexp.MustCompile(`^( *)\w+: "([a-z/]+)(?:\\n[^"]*)?" \{`).FindStringSubmatch(line)
		if m == nil {
			continue
		}
		folder := m[2]
		switch {
		case m[1] == "":
			area = folder
		default:
			folder = area + "/" + folder
		}
		if strings.HasSuffix(line, "{class: outside}") {
			continue
		}
		rooms++
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
			t.Errorf("%s is drawn as a room, and is no folder", folder)
		}
	}
	if rooms < 8 {
		t.Errorf("found %d rooms", rooms)
	}
}
