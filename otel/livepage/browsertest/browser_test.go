package browsertest

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is so long that it means that the page hangs. Nothing here waits by sleeping; it looks again until then.
const patience = 5 * time.Minute

// A tab is one in a browser of its own, and what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	troubles []string
}

func openTab(t *testing.T, width, height int, arguments ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Fatal("there is no Chromium on PATH: make page-test says how to install it")
	}
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(found), chromedp.NoSandbox, chromedp.Flag("headless", "new"), chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(width, height),
		chromedp.Env("TZ=UTC", "LANG=en_GB.UTF-8"),
	}, arguments...)
	// Not the test's own context, which ends before the clean-up that closes the browser.
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocated)
	tb := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the process, whose files t.TempDir is about to remove
		closeTab()
		stop()
	})
	if err := chromedp.Listen(ctx, tb.hear); err != nil {
		t.Fatal(err)
	}
	call(tb, runtime.Enable, cdp.Empty{})
	call(tb, log.Enable, cdp.Empty{})
	return tb
}

// hear notes exceptions, console errors and violations of the Content-Security-Policy.
func (tb *tab) hear(event any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		tb.troubles = append(tb.troubles, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			tb.troubles = append(tb.troubles, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		tb.troubles = append(tb.troubles, "console."+string(e.Type))
	}
}

// clean fails the test if anything went wrong in the browser.
func (tb *tab) clean() {
	tb.t.Helper()
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for _, trouble := range tb.troubles {
		tb.t.Errorf("in the browser: %s", trouble)
	}
}

func (tb *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	if err := chromedp.Do(tb.ctx, steps...); err != nil {
		tb.t.Fatal(err)
	}
}

// call sends the browser a command.
func call[P, R any](tb *tab, command cdp.Command[P, R], params P) R {
	tb.t.Helper()
	result, err := chromedp.Call(tb.ctx, command, params)
	if err != nil {
		tb.t.Fatal(err)
	}
	return result
}

// is evaluates an expression in the page.
func is[V any](tb *tab, expression string) V {
	tb.t.Helper()
	value, err := chromedp.Run(tb.ctx, chromedp.Evaluate[V](expression))
	if err != nil {
		tb.t.Fatal(err)
	}
	return value
}

// see waits until an expression holds in the page. It asks from here, because the page's policy allows no script but its
// own to ask there.
func (tb *tab) see(expression string) {
	tb.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(patience); !is[bool](tb, "!!("+expression+")"); <-again.C {
		if time.Now().After(end) {
			tb.t.Fatalf("never saw %s\nthe page says:\n%s", expression, is[string](tb, "document.body.innerText"))
		}
	}
}

// says waits until an element's text has this in it.
func (tb *tab) says(selector, text string) {
	tb.t.Helper()
	tb.see("(document.querySelector(" + quote(selector) + ")?.innerText ?? '').includes(" + quote(text) + ")")
}

func quote(s string) string { return "`" + s + "`" }
