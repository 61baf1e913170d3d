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

		{name: "nothing", status: 2, stderr: "serve"},
		{name: "unknown verb", args: "nonsense", status: 2, stderr: "nonsense"},
		{name: "unknown flag", args: "serve --htpp=:1", status: 2, stderr: "--htpp"},
		{name: "stray argument", args: "version now", status: 2, stderr: "now"},
		{name: "bad value", args: "serve --cache-memory=plenty", status: 2, stderr: "--cache-memory"},
		{name: "bad value in the environment", env: []string{"CISTERN_CACHE_MEMORY=plenty"}, args: "serve", status: 2, stderr: "CISTERN_CACHE_MEMORY"},
		{name: "values that do not fit", args: "serve --api=:7480", status: 2, stderr: "--api-plain-http"},
		{name: "missing file", args: "serve --config missing.yaml", status: 2, stderr: "missing.yaml"},
		{name: "missing file in the environment", env: []string{"CISTERN_CONFIG=missing.yaml"}, args: "serve", status: 2, stderr: "missing.yaml"},
		{name: "role of a later version", args: "control --http=:1", status: 2, stderr: "cistern serve"},
		{name: "verb without its verb", args: "zone", status: 2, stderr: "list"},

		{name: "taken port", args: "serve --ops=off --api=off --http=" + busy, status: 1, stderr: "listen on --http " + busy},
		{name: "short token", env: []string{"CISTERN_ADMIN_TOKEN=hunter2"}, args: "serve --ops=off --http=off --api=127.0.0.1:0",
			status: 1, stderr: "CISTERN_ADMIN_TOKEN"},
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
