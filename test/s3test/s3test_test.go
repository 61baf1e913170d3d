package s3test_test

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/test/s3test"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
)

// TestServer shows that the server is what the name says: a private bucket
// that verifies signatures, with keys that come and go. All its parts share
// one server, as a process can hold only one.
func TestServer(t *testing.T) {
	server, err := s3test.Start(s3test.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	if err := server.CreateBucket(ctx, "photos"); err != nil {
		t.Fatal(err)
	}
	const key = "tour/M\u00fcnchen 1+2 (final)!.txt"
	if err := server.Put(ctx, "photos", key, "text/plain", strings.NewReader("hello")); err != nil {
		t.Fatal(err)
	}
	server.SetKey("AKREADER", "first-secret")
	path := "/photos/" + signed.Escape(key)

	client := func(accessKey, secret, region string) *signed.Client {
		return &signed.Client{URL: server.URL, Region: region, AccessKey: accessKey, SecretKey: secret}
	}
	tests := []struct {
		name   string
		client *signed.Client
		before func()
		want   string // body, or status and code
	}{
		{"root key", client(signed.RootKey, signed.RootSecret, signed.DefaultRegion), nil, "hello"},
		{"reader", client("AKREADER", "first-secret", signed.DefaultRegion), nil, "hello"},
		{"unsigned", client("", "", ""), nil, "403 AccessDenied"},
		{"wrong secret", client("AKREADER", "wrong", signed.DefaultRegion), nil, "403 SignatureDoesNotMatch"},
		{"unknown key", client("AKNOBODY", "first-secret", signed.DefaultRegion), nil, "403 InvalidAccessKeyId"},
		{"wrong region", client("AKREADER", "first-secret", "us-west-2"), nil, "400 AuthorizationHeaderMalformed"},
		{"old secret after rotation", client("AKREADER", "first-secret", signed.DefaultRegion),
			func() { server.SetKey("AKREADER", "second-secret") }, "403 SignatureDoesNotMatch"},
		{"new secret after rotation", client("AKREADER", "second-secret", signed.DefaultRegion), nil, "hello"},
		{"disabled key", client("AKREADER", "second-secret", signed.DefaultRegion),
			func() { server.DisableKey("AKREADER") }, "403 InvalidAccessKeyId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != nil {
				tt.before()
			}
			got := get(t, tt.client, path)
			if got != tt.want {
				t.Errorf("GET %s = %q; want %q", path, got, tt.want)
			}
		})
	}

	requests := server.Log.Requests()
	last := requests[len(requests)-1]
	if last.Method != "GET" || last.Target != path || last.AccessKey() != "AKREADER" {
		t.Errorf("last recorded request = %s %s by %q; want GET %s by AKREADER", last.Method, last.Target, last.AccessKey(), path)
	}
}

// get returns the body, or the status and code of the refusal.
func get(t *testing.T, client *signed.Client, path string) string {
	t.Helper()
	answer, err := client.Do(t.Context(), http.MethodGet, path, nil, strings.NewReader(""))
	var status *signed.StatusError
	if errors.As(err, &status) {
		_, code, _ := strings.Cut(status.Body, "<Code>")
		code, _, _ = strings.Cut(code, "</Code>")
		return strconv.Itoa(status.Status) + " " + code
	}
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
