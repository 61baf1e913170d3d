package origin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// A signed fetch of 1 KiB over a kept loopback connection, server included.
func BenchmarkFetch(b *testing.B) {
	body := make([]byte, 1024)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	defer s.Close()
	c := New(Options{})
	defer c.Close()
	st := site(b, signedOrigin(s.URL), &zone.Credential{UUID: "c", AccessKey: "k", Secret: zone.NewSecret("s")})
	b.ReportAllocs()
	for b.Loop() {
		a, fault := c.Fetch(b.Context(), &flow.Fetch{Site: st, Path: []byte("/tour/München 1.jpg")})
		if fault != nil {
			b.Fatal(fault)
		}
		if _, err := io.Copy(io.Discard, a.Body); err != nil {
			b.Fatal(err)
		}
		_ = a.Body.Close()
	}
}
