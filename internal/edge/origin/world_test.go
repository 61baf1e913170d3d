package origin

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/objkey"
	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
	"github.com/cistern-cdn/cistern/internal/zone"
)

const (
	plantedSecret = "planted-secret/key"
	plantedToken  = "planted-token+value="
)

func credential() *zone.Credential {
	return &zone.Credential{
		UUID: "cred-1", Version: 1, AccessKey: "AKEXAMPLE",
		Secret: zone.NewSecret(plantedSecret), Token: zone.NewSecret(plantedToken),
	}
}

// signedOrigin returns an origin that is a bucket at url.
func signedOrigin(url string) *zone.Origin {
	return &zone.Origin{
		UUID: "origin-1", Name: "main", URL: url, Provider: "custom", Enabled: true,
		Auth: zone.AuthSigV4, Bucket: "media", Addressing: zone.AddressPath, Region: "eu-central-1", Service: "s3",
		PayloadHash: zone.PayloadUnsigned, Credential: "cred-1", TLSVerify: true,
	}
}

// plainOrigin returns an origin that is a web server at url.
func plainOrigin(url string) *zone.Origin {
	return &zone.Origin{
		UUID: "origin-1", Name: "main", URL: url, Provider: "web", Enabled: true,
		Auth: zone.AuthNone, Addressing: zone.AddressAuto, TLSVerify: true,
	}
}

// site compiles a zone with o as its only origin, as the edge does.
func site(t testing.TB, o *zone.Origin, cr *zone.Credential) *flow.Site {
	t.Helper()
	endpoint, err := o.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	z := &zone.Zone{UUID: "zone-1", ID: 1, Name: "shop", Group: "group-1"}
	z.Origin.ConnectTimeout, z.Origin.ReadTimeout = 5*time.Second, 30*time.Second
	if o.Auth == zone.AuthNone {
		cr = nil
	}
	return &flow.Site{
		Zone: z, Group: &zone.Group{UUID: "group-1", Origins: []zone.Origin{*o}}, Signed: o.Auth != zone.AuthNone,
		Rules: objkey.Rules{DotSegments: objkey.DotRaw},
		Members: []flow.Member{{
			Origin: o, Endpoint: endpoint, Credential: cr,
			Mapping: objkey.NewMapping(objkey.MappingOptions{
				Signed: o.Auth != zone.AuthNone, Bucket: o.Bucket, BasePath: o.BasePath,
				Virtual: endpoint.Virtual, HostBucket: endpoint.HostBucket,
			}),
		}},
	}
}

// snapshot returns a configuration that holds nothing but s.
func snapshot(s *flow.Site) *zone.Snapshot {
	snap := &zone.Snapshot{
		Zones:       map[string]*zone.Zone{s.Zone.UUID: s.Zone},
		Groups:      map[string]*zone.Group{s.Group.UUID: s.Group},
		Credentials: map[string]*zone.Credential{},
	}
	if cr := s.Members[0].Credential; cr != nil {
		snap.Credentials[cr.UUID] = cr
	}
	return snap
}

// get returns a fetch of target, a path as a viewer sends it.
func get(t *testing.T, s *flow.Site, target string) *flow.Fetch {
	t.Helper()
	path, err := s.Rules.AppendPath(nil, []byte(target))
	if err != nil {
		t.Fatal(err)
	}
	return &flow.Fetch{Site: s, Path: path, ViewerAddr: "192.0.2.7", ViewerHost: "cdn.example", Scheme: "http"}
}

func head(t *testing.T, s *flow.Site, target string) *flow.Fetch {
	t.Helper()
	f := get(t, s, target)
	f.Head = true
	return f
}

func viewer(lines ...string) httpmsg.Fields {
	var fs httpmsg.Fields
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fs = append(fs, httpmsg.Field{Name: []byte(name), Value: []byte(value)})
	}
	return fs
}

// client returns a client whose log is kept, and closed with the test.
func client(t *testing.T, o Options) (*Client, *logged) {
	t.Helper()
	log := new(logged)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	c := New(o)
	t.Cleanup(c.Close)
	return c, log
}

// logged is what was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fetch fetches and reads the whole body.
func fetch(t *testing.T, c *Client, f *flow.Fetch) (a *flow.Answer, body string, fault *flow.Fault) {
	t.Helper()
	a, fault = c.Fetch(t.Context(), f)
	if (a == nil) == (fault == nil) {
		t.Fatalf("Fetch = %+v, %+v; want exactly one", a, fault)
	}
	if fault != nil {
		return nil, "", fault
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return a, string(b), nil
}

// text returns fields as lines.
func text(fs httpmsg.Fields) string { return string(fs.Append(nil)) }

// bucket is a server that answers as h does what is signed for media, and
// refuses the rest as a store does.
func bucket(t *testing.T, creds func(string) (sigv4.Credentials, bool), h http.HandlerFunc) *httptest.Server {
	t.Helper()
	v := sigv4.Verifier{Lookup: creds, Region: "eu-central-1", Service: "s3"}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, query, _ := strings.Cut(r.RequestURI, "?")
		_, err := v.Verify(&sigv4.Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header}, time.Now())
		if e, ok := err.(*sigv4.VerifyError); ok {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(e.Status())
			_, _ = io.WriteString(w, "<Error><Code>"+e.Code+"</Code><Message>"+e.Message+"</Message></Error>")
			return
		}
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// keyring knows one credential.
func keyring(cr *zone.Credential) func(string) (sigv4.Credentials, bool) {
	return func(key string) (sigv4.Credentials, bool) {
		return sigv4.Credentials{AccessKey: cr.AccessKey, Secret: cr.Secret.Reveal(), Token: cr.Token.Reveal()}, key == cr.AccessKey
	}
}

// raw is a listener that gives each connection to serve.
func raw(t *testing.T, serve func(net.Conn, *bufio.Reader)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn))
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return "http://" + l.Addr().String()
}

// readHead reads a request up to its empty line.
func readHead(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		b.WriteString(line)
		if err != nil || line == "\r\n" {
			return b.String(), err
		}
	}
}

// reply is a server that reads requests and answers each with text.
func reply(text string) func(net.Conn, *bufio.Reader) {
	return func(conn net.Conn, r *bufio.Reader) {
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

// piped returns a Dial whose connections serve answers, for tests with a
// synthetic clock.
func piped(serve func(net.Conn, *bufio.Reader)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			serve(far, bufio.NewReader(far))
		}()
		return near, nil
	}
}
