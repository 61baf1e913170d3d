package api

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// The type of a problem leads to its code, without login.
func TestErrorsPage(t *testing.T) {
	f := start(t)
	p := f.must(404, "GET", "/cdn/zones/x", "")
	address, at, _ := strings.Cut(p.str("type"), "#")
	if address != f.server.URL+"/docs/errors" || at != "not_found" {
		t.Errorf("type = %q; want not_found on the page of errors", p.str("type"))
	}
	page := f.must(200, "GET", strings.TrimPrefix(address, f.server.URL), "", "Authorization", "")
	if got := page.header.Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Errorf("Content-Type = %q; want HTML", got)
	}
	text := html.UnescapeString(page.text)
	for _, r := range slices.Concat(rowsOf(catalog.APICodes()), rowsOf(catalog.OriginCodes()), rowsOf(catalog.AccessCodes())) {
		_, id, ok := strings.Cut(r.Docs, "#")
		if !ok || strings.Count(page.text, `id="`+id+`"`) != 1 {
			t.Errorf("the page does not have the anchor of %q once", r.Docs)
		}
		if !strings.Contains(text, r.Meaning) || !strings.Contains(text, r.Fix) {
			t.Errorf("the page has not the whole text of %s", r.Docs)
		}
	}
	if strings.Contains(page.text, "'") || strings.Contains(page.text, "+") {
		t.Error("the texts of the page are not escaped")
	}
	f.must(405, http.MethodPost, "/docs/errors", "{}")
	f.must(400, "GET", "/docs/errors?code=x", "")
}
