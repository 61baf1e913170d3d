package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cistern-cdn/cistern/test/s3test/remote"
)

// patience bounds every wait of a script; only a failing one comes near it.
const patience = 60 * time.Second

// A world is what one script has made.
type world struct {
	dir            string // work directory of the script
	http, api, ops string // addresses of its cistern
	program        string // the cistern it runs
	tag            string // sets its bucket and keys apart from other scripts'

	server   *exec.Cmd // running cistern serve; nil: none
	exited   chan error
	idle     int64 // resident bytes noted by "memory idle"
	bucket   bucket
	stub     *remote.Process // nil: not started
	stubArgs []string
	halves   map[string]*exchange // opened and not yet finished, by name
	said     bytes.Buffer         // all that was answered to this script
}

type worldKey struct{}

// A call is one command of a script.
type call struct {
	*testscript.TestScript
	*world
	name string
	neg  bool // "! command": it must fail
	args []string
}

// usage ends the script unless ok.
func (c *call) usage(ok bool, usage string) {
	if !ok {
		c.Fatalf("usage: %s %s", c.name, usage)
	}
}

// print writes to the command's output, where stdout finds it.
func (c *call) print(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.said.WriteString(text)
	_, _ = c.Stdout().Write([]byte(text))
}

// outcome ends the script if err is not what the script expects: an error
// after "!", none otherwise. An expected error can be matched with stderr.
func (c *call) outcome(err error) {
	switch {
	case err == nil && c.neg:
		c.Fatalf("%s: unexpected success", c.name)
	case err != nil && !c.neg:
		c.Fatalf("%s: %v", c.name, err)
	case err != nil:
		fmt.Fprintln(c.Stderr(), err)
	}
}

// await polls until done, and returns what done returns then. Errors before
// that count only when patience ends.
func await(what string, done func() (bool, error)) error {
	for deadline := time.Now().Add(patience); ; {
		ok, err := done()
		if ok {
			return err
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("wait for %s: not within %v", what, patience), err)
		}
		time.Sleep(5 * time.Millisecond) // another process's doing can only be polled for
	}
}

// freeAddr returns an address of 127.0.0.1 on which nobody listens. The
// ports lie below those that the kernel gives to outgoing connections, so
// that none of the thousands in these tests can take it meanwhile.
func freeAddr() string {
	for {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(22_000)))
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return addr
		}
	}
}

// tags gives names that are unique in this run.
type tags struct{ last atomic.Int64 }

func (t *tags) next() string { return strconv.FormatInt(t.last.Add(1), 10) }

// serve starts the program in the background. What it writes to stderr and
// stdout goes to serve.log, after what an earlier one wrote.
func serve(c *call) { c.start(c.program) }

// serveLean is serve for the program without race detector.
func serveLean(c *call) { c.start(built.lean) }

func (c *call) start(program string) {
	c.usage(c.server == nil && !c.neg, "[FLAG…], while none runs")
	args := []string{"serve", "--data", c.Getenv("DATA"), "--http", c.http, "--api", c.api, "--ops", c.ops}
	c.server = exec.Command(program, append(args, c.args...)...)
	c.server.Env = append(os.Environ(), "CISTERN_ADMIN_TOKEN="+c.Getenv("CISTERN_ADMIN_TOKEN"))
	log, err := os.OpenFile(filepath.Join(c.dir, "serve.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	c.Check(err)
	defer log.Close()
	c.server.Stdout, c.server.Stderr = log, log
	c.Check(c.server.Start())
	c.exited = make(chan error, 1)
	go func(server *exec.Cmd, exited chan<- error) { exited <- server.Wait() }(c.server, c.exited)
}

func waitReady(c *call) {
	c.usage(c.server != nil && len(c.args) == 0 && !c.neg, "after serve")
	c.Check(await("/readyz", func() (bool, error) {
		select {
		case err := <-c.exited:
			c.exited <- err
			c.Fatalf("%s: cistern ended: %v\n%s", c.name, err, c.ReadFile("serve.log"))
		default:
		}
		status, _, err := c.get(c.ops, "/readyz")
		return err == nil && status == 200, err
	}))
}

func terminate(c *call) {
	c.usage(c.server != nil && len(c.args) == 0, "after serve")
	c.Check(c.server.Process.Signal(syscall.SIGTERM))
}

func waitExit(c *call) {
	c.usage(c.server != nil && len(c.args) == 0, "after serve")
	select {
	case err := <-c.exited:
		c.server = nil
		c.outcome(err)
	case <-time.After(patience):
		c.Fatalf("%s: cistern still runs after %v\n%s", c.name, patience, c.ReadFile("serve.log"))
	}
}

func stop(c *call) {
	terminate(c)
	waitExit(c)
}

func kill9(c *call) {
	c.usage(c.server != nil && len(c.args) == 0, "after serve")
	c.Check(c.server.Process.Kill())
	<-c.exited
	c.server = nil
}

// cistern runs a verb to its end.
func cistern(c *call) {
	err := c.Exec(c.program, c.args...)
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		c.Fatalf("%s: %v", c.name, err)
	}
	c.said.WriteString(c.ReadFile("stdout") + c.ReadFile("stderr"))
	if (err != nil) != c.neg {
		c.Fatalf("cistern %q: %v\n%s%s", c.args, err, c.ReadFile("stdout"), c.ReadFile("stderr"))
	}
	status := 0
	if err != nil {
		status = err.(*exec.ExitError).ExitCode()
	}
	c.Setenv("STATUS", strconv.Itoa(status))
}

// status is "status N": the exit status of the last cistern command.
func status(c *call) {
	c.usage(len(c.args) == 1 && !c.neg, "N, after cistern")
	if got := c.Getenv("STATUS"); got != c.args[0] {
		c.Fatalf("exit status %s; want %s", got, c.args[0])
	}
}

// faults are words that a healthy program never writes.
var faults = regexp.MustCompile(`WARNING: DATA RACE|(?m)^panic:|(?m)^fatal error:|panic in a |bug: `)

// end stops what the script left running, and fails it if the program wrote
// of a fault of its own.
func (w *world) end(t testscript.T) {
	if w.server != nil {
		_ = w.server.Process.Kill()
		<-w.exited
	}
	for _, half := range w.halves {
		half.close()
	}
	if w.stub != nil {
		w.stub.Kill()
	}
	log, err := os.ReadFile(filepath.Join(w.dir, "serve.log"))
	if err == nil && faults.Match(log) {
		t.Log(string(log))
		t.FailNow()
	}
}
