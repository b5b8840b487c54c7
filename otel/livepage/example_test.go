package livepage_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/entraredis/entraredis/core/entra"
	"github.com/entraredis/entraredis/core/entratest"
	"github.com/entraredis/entraredis/otel/livepage"
)

func Example() {
	page := livepage.New(&livepage.Options{Name: "checkout"})
	cred := entratest.NewSTS(nil).Credential() // a real program takes one from azidentity
	src, err := entra.NewSource(cred, &entra.Options{Observer: page.Observer()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer src.Close()
	page.Watch(src)

	mux := http.NewServeMux()
	mux.Handle("/debug/redis/", page)
	server := httptest.NewServer(mux)
	defer server.Close()
	defer page.Close()

	answer, err := http.Get(server.URL + "/debug/redis/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, answer.Header.Get("Content-Type"))
	// Output: 200 OK text/html; charset=utf-8
}
