package browsertest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

var pictures = flag.Bool("pictures", false, "take the pictures of docs/observability.md anew")

// TestPictures takes what docs/observability.md shows: all well during a rotation, on a desk; and an outage of Entra, on
// a phone at night. The images differ each time, so they are taken on demand only.
func TestPictures(t *testing.T) {
	if !*pictures {
		t.Skip("-pictures is not set")
	}
	s := play(t, 20*time.Second, &livepage.Options{Name: "checkout", Instance: "checkout-7d9c6d5b4-x2x7k"})
	desk := openTab(t, 1100, 780)
	prefer(desk, "light")
	desk.do(chromedp.Navigate(s.server.URL + "/"))
	desk.see("document.querySelectorAll('#events li').length >= 5 && document.querySelector('#servers progress')?.value > 4")
	take(desk, "livepage.png")

	phone := openTab(t, 390, 844)
	phone.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	prefer(phone, "dark")
	phone.do(chromedp.Navigate(s.server.URL + "/"))
	s.sts.Inject(entratest.Fault{Status: 401, Body: `{"error":"invalid_client","error_description":"AADSTS7000222: expired"}`})
	phone.says("#answer", "Not yet.")
	phone.says("#codes", "AADSTS7000222")
	take(phone, "livepage-phone.png")
}

func take(tb *tab, name string) {
	tb.t.Helper()
	image, err := chromedp.Run(tb.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		tb.t.Fatal(err)
	}
	if len(image) > 150_000 {
		tb.t.Errorf("%s has %d bytes", name, len(image))
	}
	if err := os.WriteFile(filepath.Join("..", "..", "..", "docs", "images", name), image, 0o644); err != nil {
		tb.t.Fatal(err)
	}
}
