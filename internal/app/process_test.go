package app

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/link"
)

// A port that is taken is one line that names the flag, and nothing stays
// open.
func TestListenTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := Address(taken.Addr().String())
	tests := []struct {
		name   string
		config Config
		flag   string
	}{
		{name: "viewers", config: Config{HTTP: addr, API: "off", Ops: "off"}, flag: "--http"},
		{name: "api", config: Config{HTTP: "127.0.0.1:0", API: addr, Ops: "off"}, flag: "--api"},
		{name: "ops", config: Config{HTTP: "127.0.0.1:0", API: "off", Ops: addr}, flag: "--ops"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &process{Config: tt.config}
			err := p.listen()
			p.closeListeners()
			checkLine(t, err, []string{"listen on " + tt.flag + " " + string(addr), "address already in use"})
		})
	}
}

// What is wrong with the settings is found before anything is opened.
func TestServeChecksFirst(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	err := Serve(t.Context(), Config{Data: data, HTTP: "off", API: "off"}, "test")
	checkLine(t, err, []string{"--http", "--api"})
	if _, err := os.Stat(data); err == nil {
		t.Error("the data directory was made")
	}
}

func TestServeData(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := parse(t, "", "", "--http=off", "--api=127.0.0.1:0", "--ops=off", "--data", filepath.Join(file, "data"))
	if err != nil {
		t.Fatal(err)
	}
	checkLine(t, Serve(t.Context(), *c, "test"), []string{"make data directory", file})

	c.Data = t.TempDir()
	c.AccessLog = filepath.Join(c.Data, "no", "such", "directory")
	checkLine(t, Serve(t.Context(), *c, "test"), []string{"--access-log", c.AccessLog})
}

func TestHealth(t *testing.T) {
	tests := []struct {
		name     string
		draining bool
		path     string
		status   int
		body     string
	}{
		{name: "alive", path: "/healthz", status: 200, body: "ok\n"},
		{name: "alive while draining", draining: true, path: "/healthz", status: 200, body: "ok\n"},
		{name: "without configuration", path: "/readyz", status: 503, body: "edge: waiting for its first configuration\n"},
		{name: "draining", draining: true, path: "/readyz", status: 503, body: "draining\n"},
		{name: "elsewhere", path: "/", status: 404, body: "404 page not found\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &process{hub: link.NewHub()}
			p.leaving.Store(tt.draining)
			mux := http.NewServeMux()
			p.health(mux)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("GET %s = %d %q; want %d %q", tt.path, w.Code, w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestEdgeUUID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "edge.uuid")
	first, err := edgeUUID(path)
	if err != nil || len(first) != 36 {
		t.Fatalf("edgeUUID = %q, %v; want a UUID", first, err)
	}
	if second, err := edgeUUID(path); err != nil || second != first {
		t.Errorf("edgeUUID at the next start = %q, %v; want %q", second, err, first)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	if _, err := edgeUUID(t.TempDir()); err == nil || !strings.Contains(err.Error(), "read edge identity") {
		t.Errorf("edgeUUID of a directory: %v; want that it cannot be read", err)
	}
}
