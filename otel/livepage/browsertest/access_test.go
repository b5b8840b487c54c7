package browsertest

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/entraredis/entraredis/otel/livepage"
)

// What a screen reader finds: one heading that is the question, the answer as a status, and names for all that has a
// role.
func TestScreenReaderFindsItsWay(t *testing.T) {
	s := play(t, 12*time.Second, &livepage.Options{Name: "checkout"})
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.see("!!document.querySelector('#servers progress')")
	type node struct{ Role, Name string }
	got := map[node]int{}
	for _, n := range call(tb, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		var found node
		_ = json.Unmarshal(n.Role.Value, &found.Role)
		if n.Name != nil {
			_ = json.Unmarshal(n.Name.Value, &found.Name)
		}
		got[found]++
	}
	for _, want := range []node{
		{"heading", "checkout Is Redis authentication the problem?"}, {"heading", "Token"}, {"heading", "Connections"},
		{"heading", "Recent events"}, {"meter", "What is left of the token's life"}, {"progressbar", "Rotation"},
		{"table", "Open connections to each server, by the token that they hold"}, {"columnheader", "Newest"},
		{"columnheader", "At risk"}, {"region", "Token"}, {"region", "Connections"}, {"main", ""}, {"status", ""},
	} {
		if got[want] == 0 {
			t.Errorf("no %s called %q", want.Role, want.Name)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	if n := is[int](tb, "document.querySelectorAll('h1').length"); n != 1 {
		t.Errorf("%d h1", n)
	}
}

// The answer is read out when it changes, and not at every tick: its nodes are left alone while it is the same.
func TestTicksAreNotReadOut(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#answer", "No.")
	tb.see(`(() => {
		window.changes ??= (new MutationObserver((all) => window.changes += all.length)
			.observe(document.querySelector("#answer"), { subtree: true, childList: true, characterData: true }), 0);
		window.before ??= document.querySelector("#expiry").innerText;
		window.heard ??= performance.now();
		return performance.now() - window.heard > 7000 && document.querySelector("#expiry").innerText !== window.before;
	})()`)
	if n := is[int](tb, "window.changes"); n != 0 {
		t.Errorf("the answer changed %d times in 7 quiet seconds", n)
	}
}

// There is nothing to operate, so the keyboard needs nothing but to scroll; whatever can be focused must show it.
func TestKeyboardReachesWhatThereIs(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 320, 480)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#answer", "No.")
	if n := is[int](tb, "document.querySelectorAll('a, button, input, select, [tabindex]').length"); n != 0 {
		t.Errorf("%d things to focus, and no test for them", n)
	}
	tb.do(chromedp.KeyEvent(" "))
	tb.see("document.scrollingElement.scrollTop > 0")
	tb.clean()
}

// contrasts measures the text of the page against the ground that it stands on, by WCAG's formula, and returns what is
// below 4.5.
const contrasts = `(() => {
	const rgba = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ground = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } };
	const poor = [];
	for (const level of ["good", "watch", "bad", "unknown"]) {
		document.querySelector("#verdict").className = level;
		for (const e of document.querySelectorAll("body *")) {
			if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
			const [a, b] = [light(rgba(getComputedStyle(e).color).slice(0, 3)), light(ground(e).slice(0, 3))];
			const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
			if (ratio < 4.5) poor.push(level + " " + e.tagName + "#" + e.id + " " + ratio.toFixed(2));
		}
	}
	return poor;
})()`

func TestTextStandsOutInLightAndDark(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#answer", "No.")
	for _, scheme := range []string{"light", "dark"} {
		prefer(tb, scheme)
		for _, poor := range is[[]string](tb, contrasts) {
			t.Errorf("%s: %s", scheme, poor)
		}
	}
}

func prefer(tb *tab, scheme string) {
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// axe-core finds what the tests above do not ask for. make page-test installs it and says where by AXE.
func TestAxeFindsNothing(t *testing.T) {
	path := os.Getenv("AXE")
	if path == "" {
		t.Skip("AXE names no axe.min.js: make page-test installs axe-core where npm can")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := play(t, 12*time.Second, &livepage.Options{Name: "checkout"})
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.see("!!document.querySelector('#servers progress')")
	is[bool](tb, string(source)+"\n;axe.run().then((r) => { window.found = r.violations; }); true")
	tb.see("window.found")
	for _, violation := range is[[]string](tb, "window.found.map((v) => v.id + ': ' + v.help + ' ' + v.nodes.map((n) => n.html).join(' | '))") {
		t.Error(violation)
	}
}
