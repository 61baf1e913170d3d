package stub_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/test/s3test/signed"
	"github.com/cistern-cdn/cistern/test/s3test/stub"
)

const accessKey, secret = "AKSTUB", "stub-secret"

// start runs a store with one key and returns it with a client of that key.
func start(t *testing.T) (*stub.Server, *signed.Client) {
	t.Helper()
	server, err := stub.Start(stub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	server.SetKey(accessKey, secret)
	return server, &signed.Client{URL: server.URL, Region: signed.DefaultRegion, AccessKey: accessKey, SecretKey: secret}
}

// get returns the status, and the body or the error that ended it.
func get(t *testing.T, client *signed.Client, path string) (int, string, error) {
	t.Helper()
	answer, err := client.Do(t.Context(), http.MethodGet, path, nil, strings.NewReader(""))
	var status *signed.StatusError
	if errors.As(err, &status) {
		return status.Status, status.Body, nil
	}
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

func TestSignatures(t *testing.T) {
	server, client := start(t)
	key := "a//b/../c d+\u00fc"
	target := "/bucket/" + signed.Escape(key)
	server.SetAnswer(target, stub.Answer{Body: []byte("exact")})

	with := func(change func(*signed.Client)) *signed.Client {
		c := *client
		change(&c)
		return &c
	}
	tests := []struct {
		name   string
		client *signed.Client
		target string
		status int
		body   string // part of it
	}{
		{"signed", client, target, 200, "exact"},
		{"another key", client, "/bucket/a/b/../c%20d%2B%C3%BC", 404, "<Code>NoSuchKey</Code>"},
		{"unsigned", with(func(c *signed.Client) { c.AccessKey = "" }), target, 403, "<Code>AccessDenied</Code>"},
		{"wrong secret", with(func(c *signed.Client) { c.SecretKey = "no" }), target, 403, "<CanonicalRequest>GET"},
		{"unknown key", with(func(c *signed.Client) { c.AccessKey = "AKNO" }), target, 403, "<Code>InvalidAccessKeyId</Code>"},
		{"wrong region", with(func(c *signed.Client) { c.Region = "us-east-1" }), target, 400, "<Code>AuthorizationHeaderMalformed</Code>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, err := get(t, tt.client, tt.target)
			if err != nil || status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("GET %s = %d %q, %v; want %d with %q", tt.target, status, body, err, tt.status, tt.body)
			}
		})
	}
	if got := len(server.Log.Requests()); got != len(tests) {
		t.Errorf("recorded %d requests; want %d", got, len(tests))
	}
}

func TestPlainRefusesSignatures(t *testing.T) {
	server, err := stub.Start(stub.Options{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.SetAnswer("/page", stub.Answer{Body: []byte("hello")})
	plain := &signed.Client{URL: server.URL}
	signing := &signed.Client{URL: server.URL, Region: "r", AccessKey: accessKey, SecretKey: secret}
	if status, body, err := get(t, plain, "/page"); status != 200 || body != "hello" || err != nil {
		t.Errorf("unsigned GET = %d %q, %v; want 200 hello", status, body, err)
	}
	if status, _, err := get(t, signing, "/page"); status != 400 || err != nil {
		t.Errorf("signed GET = %d, %v; want 400", status, err)
	}
}

func TestRangesAndConditions(t *testing.T) {
	server, client := start(t)
	server.SetAnswer("/b/k", stub.Answer{Size: 1000, Fields: []string{`ETag: "v1"`}})
	tests := []struct {
		name, field, value string
		status             int
		size               int
	}{
		{"range", "Range", "bytes=8-15", 206, 8},
		{"unsatisfiable", "Range", "bytes=1000-", 416, -1},
		{"same version", "If-None-Match", `"v1"`, 304, -1},
		{"other version", "If-None-Match", `"v0"`, 200, 1000},
		{"If-Match fails", "If-Match", `"v0"`, 412, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer, err := client.Do(t.Context(), http.MethodGet, "/b/k", http.Header{tt.field: {tt.value}}, strings.NewReader(""))
			var refused *signed.StatusError
			if errors.As(err, &refused) {
				if refused.Status != tt.status {
					t.Errorf("status = %d; want %d", refused.Status, tt.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != tt.status || len(body) != tt.size {
				t.Errorf("got %d with %d bytes, %v; want %d with %d", answer.StatusCode, len(body), err, tt.status, tt.size)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	const size = 100_000
	tests := []struct {
		name   string
		answer stub.Answer
		before int  // bytes before the end
		whole  bool // the body ends as it should
	}{
		{"cut", stub.Answer{Size: size, Fault: stub.Cut, After: 1000}, 1000, false},
		{"reset", stub.Answer{Size: size, Fault: stub.Reset, After: 1000}, 1000, false},
		{"hold", stub.Answer{Size: size, Fault: stub.Hold, After: 1000}, size, true},
		{"silent", stub.Answer{Size: size, Fault: stub.Silent}, size, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, err := stub.Start(stub.Options{Plain: true})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			server.SetAnswer("/x", tt.answer)
			conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: stub\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(conn)
			if tt.answer.Fault == stub.Silent {
				for len(server.Log.Requests()) == 0 {
					runtime.Gosched()
				}
				server.Release()
			}
			answer, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.answer.Fault == stub.Hold {
				if _, err := io.CopyN(io.Discard, answer.Body, tt.answer.After); err != nil {
					t.Fatal(err)
				}
				if in.Buffered() > 0 {
					t.Error("bytes beyond the hold were sent")
				}
				server.Release()
				tt.before -= int(tt.answer.After)
			}
			n, err := io.Copy(io.Discard, answer.Body)
			if tt.whole != (err == nil) || tt.whole && int(n) != tt.before || int(n) > tt.before {
				t.Errorf("read %d bytes, %v; want %d, whole %t", n, err, tt.before, tt.whole)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	server, client := start(t)
	server.SetAnswer("/b/k", stub.Answer{Fault: stub.Refuse})
	if _, _, err := get(t, client, "/b/k"); err == nil {
		t.Error("GET of a refused object succeeded")
	}
}
