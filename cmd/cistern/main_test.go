package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asProgram, if set in the environment, makes the test binary the program.
const asProgram = "TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command returns the program with these arguments, in an empty environment
// but for env and in a directory of its own.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{asProgram + "=1", "HOME=" + cmd.Dir}, env...)
	return cmd
}

func TestExitStatus(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := taken.Addr().String()
	tests := []struct {
		name   string
		env    []string
		args   string
		status int
		stdout string // that it begins with
		stderr string // that it holds
		lines  int    // of stderr; 0: one, if there is any
	}{
		{name: "version", args: "version", stdout: "cistern "},
		{name: "help", args: "--help", stdout: "Usage: cistern"},
		{name: "help of serve", args: "serve --help", stdout: "Usage: cistern serve [flags]\n\nRun control plane and edge in one process.\n\nCISTERN_ADMIN_TOKEN in the environment"},

		{name: "nothing", status: 2, stderr: "serve"},
		{name: "unknown verb", args: "nonsense", status: 2, stderr: "nonsense"},
		{name: "unknown flag", args: "serve --htpp=:1", status: 2, stderr: "--htpp"},
		{name: "stray argument", args: "version now", status: 2, stderr: "now"},
		{name: "bad value", args: "serve --cache-memory=plenty", status: 2, stderr: "--cache-memory"},
		{name: "bad value in the environment", env: []string{"CISTERN_CACHE_MEMORY=plenty"}, args: "serve", status: 2, stderr: "CISTERN_CACHE_MEMORY"},
		{name: "values that do not fit", args: "serve --api=:7480", status: 2, stderr: "--api-plain-http"},
		{name: "missing file", args: "serve --config missing.yaml", status: 2, stderr: "--config: open /"},
		{name: "missing file in the environment", env: []string{"CISTERN_CONFIG=missing.yaml"}, args: "serve", status: 2, stderr: "missing.yaml"},
		{name: "role of a later version", args: "control --http=:1", status: 2, stderr: "cistern serve"},
		{name: "verb without its verb", args: "zone", status: 2, stderr: "list"},

		{name: "taken port", args: "serve --ops=off --api=off --http=" + busy, status: 1, stderr: "listen on --http " + busy},
		{name: "short token", env: []string{"CISTERN_ADMIN_TOKEN=hunter2"}, args: "serve --ops=off --http=off --api=127.0.0.1:0",
			status: 2, stderr: "CISTERN_ADMIN_TOKEN"},
		{name: "no server", env: []string{"CISTERN_TOKEN=abc", "CISTERN_API=http://127.0.0.1:1"}, args: "zone list", status: 1, stderr: "127.0.0.1:1", lines: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := command(t, tt.env, strings.Fields(tt.args)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("cistern %s: status %d; want %d\n%s", tt.args, got, tt.status, &stderr)
			}
			if !strings.HasPrefix(stdout.String(), tt.stdout) || tt.stdout == "" && stdout.Len() > 0 {
				t.Errorf("cistern %s: stdout %q; want it to begin with %q", tt.args, &stdout, tt.stdout)
			}
			said := stderr.String()
			if tt.stderr == "" {
				if said != "" {
					t.Errorf("cistern %s: stderr %q; want none", tt.args, said)
				}
				return
			}
			if !strings.HasPrefix(said, "cistern: ") || !strings.Contains(said, tt.stderr) || strings.Count(said, "\n") != max(tt.lines, 1) {
				t.Errorf("cistern %s: stderr %q; want %d line(s) with %q", tt.args, said, max(tt.lines, 1), tt.stderr)
			}
			if strings.Contains(said, "hunter2") {
				t.Errorf("cistern %s: stderr %q holds the token", tt.args, said)
			}
		})
	}
}

// The program serves until it is told to stop, and starts again on what it
// left.
func TestServe(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, start := range []string{"first", "second"} {
		httpAddr, apiAddr, opsAddr := freeAddr(t), freeAddr(t), freeAddr(t)
		cmd := command(t, nil, "serve", "--data", data, "--http", httpAddr, "--api", apiAddr, "--ops", opsAddr, "--cache-memory=8MiB")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		if !await(lines, "msg=serving") {
			t.Fatalf("%s start: ended with %v before it served", start, cmd.Wait())
		}
		for _, get := range []struct {
			url    string
			status int
			body   string
		}{
			{"http://" + opsAddr + "/healthz", 200, "ok"},
			{"http://" + opsAddr + "/readyz", 200, "ready"},
			{"http://" + apiAddr + "/readyz", 200, "ready"},
			{"http://" + opsAddr + "/metrics", 200, "cistern_build_info"},
			{"http://" + httpAddr + "/", 404, "\n"},
			{"http://" + apiAddr + "/cdn/zones", 401, "token"},
		} {
			status, body := fetch(t, get.url)
			if status != get.status || !strings.Contains(body, get.body) {
				t.Errorf("%s start: GET %s = %d %.200q; want %d with %q", start, get.url, status, body, get.status, get.body)
			}
		}
		if info, err := os.Stat(filepath.Join(data, "admin.token")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s start: admin.token: %v, %v; want mode 0600", start, info, err)
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		drained := await(lines, "msg=draining")
		for lines.Scan() { // to the end, as Wait closes the pipe
		}
		if err := cmd.Wait(); err != nil || !drained {
			t.Errorf("%s start: after SIGTERM: %v, draining said: %v; want status 0, true", start, err, drained)
		}
	}
}

// A served is the program at work, with no configuration.
type served struct {
	*exec.Cmd
	http, ops string
	lines     *bufio.Scanner // of what it logs
}

// startServing starts the program and waits until it serves.
func startServing(t *testing.T, env []string, args ...string) *served {
	t.Helper()
	s := &served{http: freeAddr(t), ops: freeAddr(t)}
	args = append([]string{"serve", "--http", s.http, "--api", freeAddr(t), "--ops", s.ops, "--cache-memory=8MiB"}, args...)
	s.Cmd = command(t, env, args...)
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	if s.lines = bufio.NewScanner(stderr); !await(s.lines, "msg=serving") {
		t.Fatal("it ended before it served")
	}
	return s
}

// signal sends a signal and waits until the program has logged a line with
// text.
func (s *served) signal(t *testing.T, sig syscall.Signal, text string) {
	t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if !await(s.lines, text) {
		t.Fatalf("after %v: ended without %q", sig, text)
	}
}

// A balancer learns of the end before the port closes.
func TestDrainDelay(t *testing.T) {
	s := startServing(t, nil, "--drain-delay=1h")
	s.signal(t, syscall.SIGTERM, "msg=draining")
	if status, body := fetch(t, "http://"+s.ops+"/readyz"); status != 503 || body != "draining\n" {
		t.Errorf("/readyz = %d %q; want 503 draining", status, body)
	}
	if status, _ := fetch(t, "http://"+s.http+"/"); status != 404 {
		t.Errorf("a viewer gets %d; want 404 of the unknown host, as before", status)
	}

	s = startServing(t, nil, "--drain-delay=1ms")
	s.signal(t, syscall.SIGTERM, "msg=draining")
	for s.lines.Scan() { // to the end, as Wait closes the pipe
	}
	if err := s.Wait(); err != nil {
		t.Errorf("after a short delay: %v; want status 0", err)
	}
}

// logrotate renames the file and sends SIGHUP.
func TestAccessLogIsReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	s := startServing(t, nil, "--access-log", path)
	fetch(t, "http://"+s.http+"/before")
	fetch(t, "http://"+s.http+"/between") // the same connection: the line before is recorded
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.signal(t, syscall.SIGHUP, "access log reopened")
	fetch(t, "http://"+s.http+"/after")
	s.signal(t, syscall.SIGTERM, "msg=draining")
	for s.lines.Scan() {
	}
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string][2]bool{path + ".1": {true, false}, path: {false, true}} {
		text, err := os.ReadFile(name)
		if got := [2]bool{bytes.Contains(text, []byte("/before")), bytes.Contains(text, []byte("/after"))}; err != nil || got != want {
			t.Errorf("%s: %v, holds %q; want the line before, the line after: %v", filepath.Base(name), err, text, want)
		}
	}
}

// SIGHUP ends nothing, also if there is no file to open anew; and a variable
// that nothing reads is told of, but not its value.
func TestHangupAndMisspeltVariable(t *testing.T) {
	httpAddr, apiAddr := freeAddr(t), freeAddr(t)
	cmd := command(t, []string{"CISTERN_ADMIN_TOKN=hunter2", "CISTERN_SERVICE_HOST=10.0.0.1"}, "serve", "--ops=off", "--http", httpAddr, "--api", apiAddr)
	var said bytes.Buffer
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(io.TeeReader(stderr, &said))
	served := await(lines, "msg=serving")
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	drained := await(lines, "msg=draining")
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil || !served || !drained {
		t.Errorf("after SIGHUP and SIGTERM: %v; want status 0; it said\n%s", err, &said)
	}
	text := said.String()
	if strings.Count(text, "did_you_mean=") != 1 || !strings.Contains(text, "variable=CISTERN_ADMIN_TOKN did_you_mean=CISTERN_ADMIN_TOKEN") || strings.Contains(text, "hunter2") {
		t.Errorf("it said\n%s\nwant one warning of CISTERN_ADMIN_TOKN, without its value", text)
	}
}

// await reads lines up to one that holds text.
func await(lines *bufio.Scanner, text string) bool {
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return true
		}
	}
	return false
}

// freeAddr returns an address on which nothing listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
