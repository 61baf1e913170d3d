// Package remote runs the test origins as processes of their own and speaks
// to them: the private bucket of package s3test and the stub of package stub.
// Scripts, the demo and benchmarks use it, so that an origin can be killed,
// and uses no memory of theirs.
package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/cistern-cdn/cistern/test/s3test/record"
	"github.com/cistern-cdn/cistern/test/s3test/stub"
)

// An Address is where a process listens. The process prints it, as one line
// of JSON, when it serves.
type Address struct {
	Origin  string // endpoint of the origin, "http://127.0.0.1:port"
	Control string // endpoint of the calls below
}

// A Process is a running origin. Its methods may be called concurrently,
// but for Close and Kill, one of which is called once.
type Process struct {
	Address
	command *exec.Cmd
	stdin   io.Closer
	stderr  *bytes.Buffer
}

// Start runs the command built from package cmd/s3test with the arguments
// "bucket …" or "stub …", and returns when it serves. The process ends with
// the caller's, even if that is killed.
func Start(path string, args ...string) (*Process, error) {
	p := &Process{command: exec.Command(path, args...), stderr: new(bytes.Buffer)}
	p.command.Stderr = p.stderr
	stdin, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	if err := p.readAddress(stdout); err != nil {
		p.Kill()
		return nil, fmt.Errorf("start %s %s: %w: %s", path, strings.Join(args, " "), err, p.stderr)
	}
	return p, nil
}

// readAddress reads the line that the process prints when it serves; what
// versitygw itself may say before is skipped.
func (p *Process) readAddress(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if line := lines.Bytes(); bytes.HasPrefix(line, []byte("{")) {
			return json.Unmarshal(line, &p.Address)
		}
	}
	return errors.Join(errors.New("it ended before it served"), lines.Err())
}

// Close ends the process and waits for it.
func (p *Process) Close() error {
	_ = p.stdin.Close()
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("stop %s: %w: %s", p.command.Path, err, p.stderr)
	}
	return nil
}

// Kill ends the process with SIGKILL and waits for it.
func (p *Process) Kill() {
	_ = p.command.Process.Signal(os.Kill)
	_ = p.command.Wait()
}

// CreateBucket makes an empty bucket. Only a bucket process has them.
func (p *Process) CreateBucket(ctx context.Context, name string) error {
	return p.call(ctx, http.MethodPut, "/bucket", url.Values{"name": {name}}, nil, nil)
}

// SetKey makes an access key valid, or gives it another secret.
func (p *Process) SetKey(ctx context.Context, accessKey, secret string) error {
	return p.call(ctx, http.MethodPut, "/key", url.Values{"id": {accessKey}}, []byte(secret), nil)
}

// DisableKey makes an access key unknown.
func (p *Process) DisableKey(ctx context.Context, accessKey string) error {
	return p.call(ctx, http.MethodDelete, "/key", url.Values{"id": {accessKey}}, nil, nil)
}

// SetAnswer says what a stub answers for a raw request target.
func (p *Process) SetAnswer(ctx context.Context, target string, a stub.Answer) error {
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return p.call(ctx, http.MethodPut, "/answer", url.Values{"target": {target}}, body, nil)
}

// Release lets the answers go on that a stub holds back now.
func (p *Process) Release(ctx context.Context) error {
	return p.call(ctx, http.MethodPost, "/release", nil, nil, nil)
}

// Requests returns what the origin was asked, in order.
func (p *Process) Requests(ctx context.Context) ([]record.Request, error) {
	var requests []record.Request
	err := p.call(ctx, http.MethodGet, "/requests", nil, nil, &requests)
	return requests, err
}

// Forget empties what Requests returns.
func (p *Process) Forget(ctx context.Context) error {
	return p.call(ctx, http.MethodDelete, "/requests", nil, nil, nil)
}

func (p *Process) call(ctx context.Context, method, path string, query url.Values, body []byte, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, p.Control+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, strings.TrimSpace(string(text)))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}
