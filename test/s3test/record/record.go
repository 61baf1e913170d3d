// Package record keeps what a test origin was asked, so that a test can count
// requests and see who signed them.
package record

import (
	"net/http"
	"strings"
	"sync"
)

// A Request is one request as the origin received it.
type Request struct {
	Method string
	Target string // raw, as on the request line
	Host   string
	Header http.Header // without Host
	// Reused reports that the connection had carried a request before.
	Reused bool `json:",omitempty"`
}

// AccessKey returns the access key id that signed r with AWS Signature
// Version 4, or "" for a request without such a signature.
func (r *Request) AccessKey() string {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	if !ok {
		return ""
	}
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// A Log holds requests in the order of their arrival. The zero value is an
// empty log. All methods may be called concurrently.
type Log struct {
	mu       sync.Mutex
	requests []Request // guarded by mu
}

// Add appends a request.
func (l *Log) Add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r)
}

// Requests returns all requests so far.
func (l *Log) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Request{}, l.requests...)
}

// Forget empties the log.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
}
