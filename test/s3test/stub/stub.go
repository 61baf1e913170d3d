// Package stub is an origin that does exactly what a test tells it to: for
// what a real S3 server cannot do. It keeps keys byte for byte, answers with
// any status, and can hold back, cut off or reset an answer at a given byte.
// Signatures are verified all the same.
package stub

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/test/s3test/record"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
)

// modified is the Last-Modified of every object.
var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Options configures a [Server]. The zero value is a store with signatures
// for
// signed.DefaultRegion and without any key.
type Options struct {
	// Addr is the address to listen on. Empty means a free port of 127.0.0.1.
	Addr string
	// Region is what signatures must name. Empty means
	// signed.DefaultRegion.
	Region string
	// Plain makes it a web server, which asks for no signature and refuses
	// one: nothing may ever be signed for a plain origin.
	Plain bool
}

// An Answer is what a server says to a GET or HEAD of one target.
type Answer struct {
	// Status is the HTTP status. Zero means 200.
	Status int `json:",omitempty"`
	// Fields are sent as they are, one "Name: value" each. Content-Length,
	// Date and, with status 200, ETag and Last-Modified need not be named.
	Fields []string `json:",omitempty"`
	// Early are the fields of a 103 (Early Hints) that is sent at once, before
	// anything that Fault delays; none: no 103.
	Early []string `json:",omitempty"`
	// Body is sent unless Size is above zero; then the body is that many
	// bytes of filler. Ranges and conditions work on answers of status 200
	// without a Fault.
	Body []byte `json:",omitempty"`
	Size int64  `json:",omitempty"`
	// Fault is what goes wrong, after that many body bytes were sent.
	Fault Fault `json:",omitempty"`
	After int64 `json:",omitempty"`
}

// A Fault is a way of not answering as one should. The empty Fault is none.
type Fault string

// The faults.
const (
	Hold   Fault = "hold"   // the rest of the body waits for Release
	Silent Fault = "silent" // the whole answer, head included, waits for Release
	Cut    Fault = "cut"    // the connection is closed
	Reset  Fault = "reset"  // the connection is reset
	Refuse Fault = "refuse" // the connection is reset before the head
)

// A Server is a running stub. Its methods may be called concurrently.
type Server struct {
	// URL is the endpoint, "http://127.0.0.1:port".
	URL string
	// Log holds every request, refused ones included.
	Log record.Log

	options Options
	http    *http.Server
	serving sync.WaitGroup

	mu      sync.Mutex
	answers map[string]Answer // by raw request target; guarded by mu
	secrets map[string]string // by access key; guarded by mu
	held    chan struct{}     // closed by Release; guarded by mu
}

// Start runs a server, which answers 404 NoSuchKey until told otherwise.
func Start(options Options) (*Server, error) {
	if options.Region == "" {
		options.Region = signed.DefaultRegion
	}
	if options.Addr == "" {
		options.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", options.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL:     "http://" + listener.Addr().String(),
		options: options,
		answers: map[string]Answer{},
		secrets: map[string]string{},
		held:    make(chan struct{}),
	}
	s.http = &http.Server{Handler: s, ConnContext: countRequests}
	s.serving.Go(func() { _ = s.http.Serve(listener) }) // ends with ErrServerClosed
	return s, nil
}

// Close ends the server at once, with all its connections.
func (s *Server) Close() error {
	s.Release()
	err := s.http.Close()
	s.serving.Wait()
	return err
}

// SetAnswer says what a GET or HEAD of the raw request target is answered.
func (s *Server) SetAnswer(target string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[target] = a
}

// SetKey makes an access key valid, or gives it another secret.
func (s *Server) SetKey(accessKey, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[accessKey] = secret
}

// DisableKey makes an access key unknown.
func (s *Server) DisableKey(accessKey string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, accessKey)
}

// Release lets every answer go on that waits now. Later ones wait again.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.held)
	s.held = make(chan struct{})
}

func (s *Server) release() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// ServeHTTP answers one request: it is logged, its signature verified, and
// then it gets the answer set for its target.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	held := s.release() // before logging: who sees the request logged may release it
	s.Log.Add(record.Request{
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone(),
		Reused: requestNumber(r) > 1,
	})
	if refused := s.verify(r); refused != nil {
		s.refuse(w, r, refused)
		return
	}
	s.mu.Lock()
	answer, ok := s.answers[r.RequestURI]
	s.mu.Unlock()
	switch {
	case !ok:
		s.refuse(w, r, &refusal{http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", ""})
	case answer.Fault != "":
		s.fail(w, r, answer, held)
	default:
		answer.send(w, r)
	}
}

// send answers without a fault.
func (a *Answer) send(w http.ResponseWriter, r *http.Request) {
	if len(a.Early) > 0 {
		for _, line := range a.Early {
			name, value, _ := strings.Cut(line, ":")
			w.Header().Add(name, strings.TrimSpace(value))
		}
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
	}
	for _, line := range a.Fields {
		name, value, _ := strings.Cut(line, ":")
		w.Header().Add(name, strings.TrimSpace(value))
	}
	body, size := a.content()
	if a.Status == 0 || a.Status == http.StatusOK {
		if w.Header().Get("Etag") == "" {
			w.Header().Set("Etag", a.etag())
		}
		http.ServeContent(w, r, "", a.modified(), body)
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(a.Status)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, body) // a client that left is its own business
	}
}

// modified returns the time for ServeContent, which sends its own
// Last-Modified unless it is zero.
func (a *Answer) modified() time.Time {
	for _, line := range a.Fields {
		if name, _, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Last-Modified") {
			return time.Time{}
		}
	}
	return modified
}

func (a *Answer) content() (io.ReadSeeker, int64) {
	if a.Size > 0 {
		return io.NewSectionReader(filler{}, 0, a.Size), a.Size
	}
	return bytes.NewReader(a.Body), int64(len(a.Body))
}

// fail writes the answer by hand, up to its fault.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, a Answer, held <-chan struct{}) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(fmt.Sprintf("bug: take connection: %v", err))
	}
	defer conn.Close()
	if a.Fault == Refuse {
		reset(conn)
		return
	}
	if len(a.Early) > 0 {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 103 Early Hints\r\n%s\r\n\r\n", strings.Join(a.Early, "\r\n"))
	}
	if a.Fault == Silent {
		<-held
	}
	body, size := a.content()
	if err := a.writeHead(conn, size); err != nil || r.Method == http.MethodHead {
		return
	}
	if a.Fault == Silent {
		_, _ = io.Copy(conn, body)
		return
	}
	if _, err := io.CopyN(conn, body, min(a.After, size)); err != nil {
		return
	}
	switch a.Fault {
	case Hold:
		<-held
		_, _ = io.Copy(conn, body)
	case Reset:
		reset(conn)
	}
}

func (a *Answer) writeHead(w io.Writer, size int64) error {
	var head bytes.Buffer
	status := max(a.Status, http.StatusOK)
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range a.Fields {
		head.WriteString(line + "\r\n")
	}
	fmt.Fprintf(&head, "Date: %s\r\nContent-Length: %d\r\nConnection: close\r\n", time.Now().UTC().Format(http.TimeFormat), size)
	if status == http.StatusOK {
		fmt.Fprintf(&head, "ETag: %s\r\nLast-Modified: %s\r\n", a.etag(), modified.Format(http.TimeFormat))
	}
	head.WriteString("\r\n")
	_, err := w.Write(head.Bytes())
	return err
}

// reset makes the kernel send RST instead of FIN when conn is closed.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// refuse answers as an S3 store does, in XML.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	type document struct {
		XMLName          xml.Name `xml:"Error"`
		Code, Message    string
		Resource         string
		RequestId        string
		CanonicalRequest string `xml:",omitempty"`
	}
	text, err := xml.Marshal(document{
		Code: why.code, Message: why.message, Resource: r.RequestURI,
		RequestId: "4442587FB7D0A2F9", CanonicalRequest: why.canonical,
	})
	if err != nil {
		panic(fmt.Sprintf("bug: encode error document: %v", err))
	}
	answer := Answer{Status: why.status, Fields: []string{"Content-Type: application/xml"}, Body: append([]byte(xml.Header), text...)}
	answer.send(w, r)
}

// A refusal is an S3 error answer.
type refusal struct {
	status        int
	code, message string
	canonical     string // the request as the server read it; "" unless signatures differ
}
