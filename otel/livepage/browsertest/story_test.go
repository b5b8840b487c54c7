package browsertest

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

// One program's day in a minute: tokens of 12 seconds, a rotation, an outage of Entra that outlasts the token, and what
// comes after it.
func TestPageTellsRotationOutageAndRecovery(t *testing.T) {
	s := play(t, 12*time.Second, &livepage.Options{Name: "checkout", Instance: "checkout-7d9c6-x2x"})
	tb := openTab(t, 1280, 900)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#answer", "No.")
	tb.says("#instance", "In checkout-7d9c6-x2x")
	tb.says("#servers", s.gateway.Addr())
	tb.see("document.title.startsWith('No. checkout')")

	tb.see("!!document.querySelector('#servers progress')") // under way
	tb.says("#events", "connections got the new token")
	tb.says("#answer", "Tokens are renewed in time")

	outage := s.sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000222: expired"}`})
	tb.says("#answer", "Not yet.")
	tb.says("#codes", "AADSTS7000222, the client secret has expired")
	tb.says("#answer", "Yes.")
	tb.says("#answer", "The token has expired")
	tb.says("#expiry-term", "Expired")
	tb.see("document.querySelector('#verdict').className === 'bad'")

	outage.Remove()
	tb.says("#answer", "Not any more.")
	tb.says("#events", "New token, good for")
	tb.see("+document.querySelector('#servers tbody td').innerText > 0")

	s.gateway.DropAll()
	tb.says("#events", "back after")

	refusal := s.gateway.Inject(entratest.WireFault{RefuseAuth: "WRONGPASS not you"})
	s.gateway.DropAll()
	tb.says("#servers th strong.bad", "refuses logins (WRONGPASS)")
	tb.says("#answer", "refuses logins")
	refusal.Remove()
	tb.see("!document.querySelector('#servers th strong')")
	tb.clean()
}

// A phone whose clock is an hour ahead shows what is left by the process's clock.
func TestCountdownDoesNotBelieveTheDevice(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 800, 700)
	tb.do(chromedp.EmulateViewport(320, 700)) // windows are at least 500 wide
	call(tb, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const real = Date.now; Date.now = () => real() + 3600000; }`,
	})
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#expiry", "in 1 h 14 min")
	tb.see("+document.querySelector('#life').value > 4400")
	if wide := is[int](tb, "document.documentElement.scrollWidth"); wide > 320 {
		t.Errorf("the page is %d px wide on a screen of 320", wide)
	}
	tb.clean()
}

func TestPageSaysWhenItHearsNothingAndComesBack(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#answer", "No.")
	s.vanish(true)
	tb.says("#silence", "This page has not heard from the process for 1" /* and a digit */)
	if n := is[int](tb, "document.querySelector('#silence [role=alert]').childNodes.length"); n != 1 {
		t.Errorf("the alarm has %d parts", n)
	}
	s.vanish(false)
	tb.see("!document.body.classList.contains('silent') && document.querySelector('#silence').innerText.trim() === ''")
}

// With no stream to be had the page asks for snapshots.
func TestPageWorksWithoutStreams(t *testing.T) {
	s := play(t, 10*time.Second, &livepage.Options{MaxStreams: -1})
	tb := openTab(t, 800, 600)
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	tb.says("#events", "connections got the new token")
	tb.see("!document.body.classList.contains('silent')")
}

func TestPageIsAPictureWithoutJavaScript(t *testing.T) {
	s := play(t, 75*time.Minute, nil)
	tb := openTab(t, 800, 600)
	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	tb.do(chromedp.Navigate(s.server.URL + "/"))
	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	tb.says("#answer", "No.")
	tb.says("#expiry", "in 1 h 14 min")
	tb.says("noscript", "Without JavaScript")
	tb.clean()
}
