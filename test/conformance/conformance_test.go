// Package conformance holds the program against the text of HTTP's caching
// rules: RFC 9110, 9111, 5861, 8246, 9211 and 9213, and Cistern's own choice
// where they leave one.
//
// It knows nothing of the edge's insides. The real binary runs with some
// zones on an origin that says exactly what a case tells it to; each case is
// a short conversation, written as data, and is judged by what the viewer and
// the origin see. Nobody waits for time to pass: ages are stated by the
// origin's Date, Age and Expires.
//
// A case stands in the file of its subject and names the section that
// decides it. See the types scenario and step for how one is written.
package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; only a failing case comes near it.
const patience = 30 * time.Second

// ownerToken is the first owner's token.
const ownerToken = "owner-token-of-the-conformance-suite"

// subjects lists the suite, one file each.
func subjects() []subject {
	return []subject{
		{"freshness", freshness()},
		{"directives", directives()},
		{"age", age()},
		{"dates", dates()},
		{"status", status()},
		{"storing", storing()},
		{"header", header()},
		{"validation", validation()},
		{"conditional", conditional()},
		{"head", head()},
		{"vary", vary()},
		{"key", key()},
		{"method", methods()},
		{"range", ranges()},
		{"stale", staleness()},
		{"request", requestDirectives()},
		{"targeted", targeted()},
		{"interim", interim()},
		{"report", reports()},
	}
}

// A subject is a part of the rules with its cases.
type subject struct {
	name  string
	cases []scenario
}

func TestConformance(t *testing.T) {
	w := startWorld(t)
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for i, c := range s.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					w.run(t, fmt.Sprintf("/%s/%d", s.name, i), c)
				})
			}
		})
	}
}

// A world is the running program and the origin of its zones.
type world struct {
	http, api, ops string // addresses of the program
	origin         *origin
}

// startWorld builds and starts the program, with every zone that a case asks
// for. The program must end as it should, and without a word of its own
// faults, when all cases are over.
func startWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "cistern")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", raceEnabled), "-o", program, "./cmd/cistern")
	build.Dir = "../.."
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build ./cmd/cistern: %v\n%s", err, text)
	}
	w := &world{http: freeAddr(), api: freeAddr(), ops: freeAddr(), origin: startOrigin(t)}
	w.serve(t, program, filepath.Join(dir, "data"))
	made := map[zone]bool{}
	for _, s := range subjects() {
		for _, c := range s.cases {
			if !made[c.zone] {
				made[c.zone] = true
				w.createZone(t, c.zone)
			}
		}
	}
	return w
}

// serve starts the program and waits until it is ready.
func (w *world) serve(t *testing.T, program, data string) {
	t.Helper()
	var log bytes.Buffer
	server := exec.Command(program, "serve", "--data", data, "--http", w.http, "--api", w.api, "--ops", w.ops)
	server.Env = append(os.Environ(), "CISTERN_ADMIN_TOKEN="+ownerToken)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	var exit error
	go func() {
		exit = server.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		<-exited
		if exit != nil || faults.Match(log.Bytes()) {
			t.Errorf("cistern serve: %v\n%s", exit, &log)
		}
	})
	ready := func() error {
		select {
		case <-exited:
			t.Fatalf("cistern serve: %v\n%s", exit, &log)
		default:
		}
		_, err := call("GET", "http://"+w.ops+"/readyz", nil, http.StatusOK)
		return err
	}
	if err := await(ready); err != nil {
		t.Fatal(err)
	}
}

// faults are words that a healthy program never writes.
var faults = regexp.MustCompile(`WARNING: DATA RACE|(?m)^panic:|(?m)^fatal error:|panic in a |bug: `)

// createZone makes a zone on the origin, and waits until the edge has it.
func (w *world) createZone(t *testing.T, z zone) {
	t.Helper()
	settings := map[string]any{}
	if z.settings != "" {
		if err := json.Unmarshal([]byte(z.settings), &settings); err != nil {
			t.Fatalf("settings of zone %q: %v", z.name, err)
		}
	}
	settings["hostnames"] = []string{z.host(), z.alias()}
	settings["origins"] = []any{map[string]any{"url": "http://" + w.origin.addr}}
	body, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	text, err := call("POST", "http://"+w.api+"/cdn/zones", body, http.StatusCreated)
	if err != nil {
		t.Fatalf("create zone %q: %v", z.name, err)
	}
	var made struct{ UUID string }
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	text, err = call("GET", "http://"+w.api+"/cdn/zones/"+made.UUID+"/propagation?wait=30", nil, http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Complete bool
		Edges    int `json:"edges_total"`
	}
	if err := json.Unmarshal(text, &state); err != nil || !state.Complete || state.Edges == 0 {
		t.Fatalf("zone %q is not on the edge after 30 s: %s, %v", z.name, text, err)
	}
}

// call makes one call with the owner's token and returns the answer's body.
func call(method, url string, body []byte, want int) ([]byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"Authorization": {"Bearer " + ownerToken}, "Content-Type": {"application/json"}}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != want {
		return nil, fmt.Errorf("%s %s: status %d; want %d: %s", method, url, answer.StatusCode, want, text)
	}
	return text, nil
}

// await polls until ready returns nil.
func await(ready func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("not within %v", patience), err)
		}
		time.Sleep(5 * time.Millisecond) // another process's doing can only be polled for
	}
}

// freeAddr returns an address of 127.0.0.1 on which nobody listens, below the
// ports that the kernel gives to outgoing connections.
func freeAddr() string {
	for {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(22_000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
}
