package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is one side of the comparison, and what was measured of it.
type server struct {
	name, version string
	addr          string // where it serves
	command       *exec.Cmd
	log           string // file of what it writes

	cost []float64 // CPU µs per request, one for each round
	rate []float64 // requests per second
}

// startCistern starts the program with a zone before the origin.
func startCistern(ctx context.Context, dir, origin string) (*server, error) {
	const token = "owner-token-of-the-benchmark"
	api, ops := freeAddr(), freeAddr()
	s := &server{name: "cistern", addr: freeAddr()}
	if err := s.start(dir, "bin/cistern", []string{"CISTERN_ADMIN_TOKEN=" + token}, "serve", "--data", filepath.Join(dir, "data"),
		"--http", s.addr, "--api", api, "--ops", ops, "--access-log", filepath.Join(dir, "access.log")); err != nil {
		return nil, err
	}
	if err := s.await(ctx, "http://"+ops+"/readyz", ""); err != nil {
		return nil, err
	}
	if err := createZone(ctx, "http://"+api+"/cdn/zones", token, origin); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, "bin/cistern", "version").Output()
	if err != nil {
		return nil, err
	}
	s.version, _, _ = strings.Cut(strings.TrimSpace(string(version)), "\n")
	return s, s.await(ctx, "http://"+s.addr+target, hostname)
}

// createZone puts a zone before a plain origin.
func createZone(ctx context.Context, url, token, origin string) error {
	body := fmt.Sprintf(`{"hostnames": [%q], "origins": [{"url": %q}]}`, hostname, origin)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("create zone: %s: %s", answer.Status, text)
	}
	return err
}

// startNginx starts nginx as a cache before the origin, with bench/nginx.conf.
func startNginx(ctx context.Context, dir, origin string) (*server, error) {
	s := &server{name: "nginx", addr: freeAddr()}
	text, err := os.ReadFile("bench/nginx.conf")
	if err != nil {
		return nil, err
	}
	config := strings.NewReplacer("{cores}", strconv.Itoa(runtime.NumCPU()), "{dir}", dir,
		"{origin}", strings.TrimPrefix(origin, "http://"), "{listen}", s.addr).Replace(string(text))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return nil, err
	}
	if err := s.start(dir, "nginx", nil, "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", path); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, "nginx", "-v").CombinedOutput()
	if err != nil {
		return nil, err
	}
	s.version = strings.TrimSpace(strings.TrimPrefix(string(version), "nginx version: "))
	return s, s.await(ctx, "http://"+s.addr+target, hostname)
}

func (s *server) start(dir, program string, env []string, args ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s.log = filepath.Join(dir, "output.log")
	log, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer log.Close()
	s.command = exec.Command(program, args...)
	s.command.Env = append(os.Environ(), env...)
	s.command.Stdout, s.command.Stderr = log, log
	return s.command.Start()
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	_ = s.command.Wait()
}

// await asks for a URL until the answer is 200.
func (s *server) await(ctx context.Context, url, host string) error {
	var last error
	for range 3000 {
		status, _, err := get(ctx, url, host)
		if err == nil && status == http.StatusOK {
			return nil
		}
		if last = err; err == nil {
			last = fmt.Errorf("status %d", status)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	output, _ := os.ReadFile(s.log)
	return fmt.Errorf("start %s: %w\n%s", s.name, last, output)
}

// expectHit makes sure that what is measured is a hit.
func (s *server) expectHit(ctx context.Context) error {
	for range 2 { // the first may be the miss
		if _, _, err := get(ctx, "http://"+s.addr+target, hostname); err != nil {
			return err
		}
	}
	_, cache, err := get(ctx, "http://"+s.addr+target, hostname)
	if err == nil && cache != "HIT" {
		err = fmt.Errorf("%s answers X-Cache %q; want HIT", s.name, cache)
	}
	return err
}

// get returns the status and X-Cache of an answer.
func get(ctx context.Context, url, host string) (status int, cache string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	request.Host = host
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("X-Cache"), err
}

// cpu returns the CPU time that the server's processes have used, workers
// included.
func (s *server) cpu() (time.Duration, error) {
	pids := []int{s.command.Process.Pid}
	for i := 0; i < len(pids); i++ { // grows: children of children
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[i], pids[i]))
		if err != nil {
			return 0, err
		}
		for field := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			pids = append(pids, pid)
		}
	}
	var total time.Duration
	for _, pid := range pids {
		used, err := cpuOf(pid)
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total, nil
}

// cpuOf reads user and system time of a process from /proc: fields 14 and 15
// of stat, in ticks of 10 ms, counted after the name in parentheses.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("read /proc: stat has too few fields")
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// freeAddr returns an address of this machine on which nobody listens.
func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("bug: no free port: %v", err))
	}
	defer l.Close()
	return l.Addr().String()
}

// spread returns the least, the middle and the greatest of values.
func spread(values []float64) (low, median, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
}

// machine describes where this runs.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), ":"))
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, Linux %s, %s", model, runtime.NumCPU(), strings.TrimSpace(string(kernel)), time.Now().UTC().Format(time.DateOnly))
}

// wrkVersion asks wrk, which tells its version only along with its usage.
func wrkVersion() string {
	output, _ := exec.Command("wrk", "-v").CombinedOutput() // exit status 1 is usual
	words := strings.Fields(string(output))
	if len(words) < 2 {
		return "wrk"
	}
	return words[0] + " " + words[1]
}
