package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// helperDir names the environment variable that makes the test binary a
// process which writes zones into a store until it is killed.
const helperDir = "CISTERN_STORE_TEST_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		writeForEver(dir)
	}
	os.Exit(m.Run())
}

// writeForEver prints the name of each zone after its write was acknowledged.
func writeForEver(dir string) {
	start := time.Now()
	s, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status, _ := os.ReadFile("/proc/self/status")
	_, rss, _ := strings.Cut(string(status), "VmRSS:")
	rss, _, _ = strings.Cut(rss, "\n")
	fmt.Printf("usable after %v with %s\n", time.Since(start), strings.TrimSpace(rss))
	for i := 0; ; i++ {
		name := fmt.Sprintf("zone-%d", i)
		z := newZone("acme", name, name+".example")
		if _, err := s.Update(context.Background(), "helper", func(tx *Tx) error { return tx.PutZone(z) }); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}

// What was acknowledged before a kill -9 is there after it.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		sub := filepath.Join(dir, fmt.Sprint(round))
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), helperDir+"="+sub)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatalf("helper: %s", &stderr)
		}
		t.Log(lines.Text())
		var acknowledged []string
		for lines.Scan() {
			acknowledged = append(acknowledged, lines.Text())
			if len(acknowledged) == 20+30*round {
				if err := cmd.Process.Kill(); err != nil { // SIGKILL
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // killed

		s, err := Open(t.Context(), Options{Dir: sub})
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		var last int64
		err = s.View(t.Context(), func(r *Reader) error {
			zones, err := r.Zones()
			for _, z := range zones {
				names[z.Name] = true
				last = max(last, z.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range acknowledged {
			if !names[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		z := newZone("acme", "after", "after.example")
		mustPut(t, s, z)
		if z.ID != last+1 {
			t.Errorf("id after the kill = %d; want %d", z.ID, last+1)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSecondProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := cmd.CombinedOutput()
	want := "lock store " + dir + ": another process uses this data directory; stop it, or choose another --data\n"
	if err == nil || string(out) != want {
		t.Errorf("second process: %v, %q; want %q", err, out, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Closing lets go of the directory.
	if s, err = Open(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// sockets counts the sockets of this process, of any family.
func sockets(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to look at")
	}
	n := 0
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}

// The store opens neither port nor socket, and has nothing to complain of.
func TestSilent(t *testing.T) {
	before := sockets(t)
	dir := filepath.Join(t.TempDir(), "store")
	var log bytes.Buffer
	for range 2 { // first start and restart
		s, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if after := sockets(t); after != before {
			t.Errorf("%d sockets with the store open; want %d", after, before)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if log.Len() > 0 {
		t.Errorf("log of a healthy store:\n%s", &log)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(t.TempDir(), "store")
	s, err := Open(t.Context(), Options{Dir: later})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Put(t.Context(), formatKey, "2"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, dir, err string }{
		{"no directory", "", "open store: no directory given"},
		{"a file", file, "open store: mkdir " + file},
		{"a later version", later, `open store: format "2" is not known to this version`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Open(t.Context(), Options{Dir: tt.dir})
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Open = %v; want %q", err, tt.err)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "store")
	for b.Loop() {
		s, err := Open(b.Context(), Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
