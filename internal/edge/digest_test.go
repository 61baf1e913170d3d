package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// An object that differs from what its response states of it is passed on, and
// not stored.
func TestDigest(t *testing.T) {
	const right, wrong = "MjL+LzIQQY/ONRkZ4iFPoZ4M1FZ3COPyIRlLJWuFPxs=", "AAAALzIQQY/ONRkZ4iFPoZ4M1FZ3COPyIRlLJWuFPxs="
	tests := []struct {
		name   string
		field  string
		length bool
		stored bool
	}{
		{name: "none", stored: true},
		{name: "right", field: "Repr-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", stored: true},
		{name: "right, length known", field: "Repr-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", length: true, stored: true},
		{name: "wrong", field: "Repr-Digest: sha-256=:" + wrong + ":"},
		{name: "wrong, length known", field: "Content-Digest: sha-256=:" + right + ":", length: true},
		{name: "wrong checksum", field: "x-amz-checksum-crc32: AAAAAA=="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin, _ := bucket(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.field != "" {
					name, value, _ := strings.Cut(tt.field, ": ")
					w.Header().Set(name, value)
				}
				if tt.length {
					w.Header().Set("Content-Length", "5")
				}
				fmt.Fprint(w, "hello")
				w.(http.Flusher).Flush()
			})
			f := start(t, origin, nil)
			want, damaged := "MISS", 2
			if tt.stored {
				want, damaged = "HIT", 0
			}
			f.expect(t, "GET", "/a", "MISS")
			if res, body := f.get(t, "/a"); body != "hello" || res.Header.Get("X-Cache") != want {
				t.Errorf("%s %q; want %s", res.Header.Get("X-Cache"), body, want)
			}
			if n := damagedObjects(t, f); n != float64(damaged) {
				t.Errorf("damaged objects = %v; want %d", n, damaged)
			}
		})
	}
}

func damagedObjects(t *testing.T, f *fixture) (n float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	if err := registry.Register(f.Journal()); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "cistern_origin_damaged_objects_total" {
			n += family.Metric[0].Counter.GetValue()
		}
	}
	return n
}
