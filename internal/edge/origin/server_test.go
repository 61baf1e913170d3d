package origin

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// to returns a Lookup that gives addrs for every name.
func to(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range addrs {
			out = append(out, netip.MustParseAddr(a))
		}
		return out, nil
	}
}

func lookupError(err error) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) { return nil, err }
}

func dialError1(err error) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
}

func policy(t *testing.T, s string) zone.AddressPolicy {
	t.Helper()
	p, err := zone.ParseAddressPolicy(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTransportFaults(t *testing.T) {
	https := func(o *zone.Origin) { o.URL = strings.Replace(o.URL, "http:", "https:", 1) }
	named := func(o *zone.Origin) { o.URL = "http://bucket.example" }
	closing := func(net.Conn, *bufio.Reader) {}
	after := func(text string) func(net.Conn, *bufio.Reader) {
		return func(conn net.Conn, r *bufio.Reader) {
			_, _ = readHead(r)
			_, _ = io.WriteString(conn, text)
		}
	}
	ok := after("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	tests := []struct {
		name    string
		serve   func(net.Conn, *bufio.Reader)
		edit    func(*zone.Origin)
		options Options
		code    catalog.Origin
		proxy   string
		status  int
		class   string
		kept    bool // not cut off
	}{
		{name: "no name", serve: ok, edit: named, options: Options{Lookup: lookupError(&net.DNSError{Err: "no such host", IsNotFound: true})},
			code: catalog.OriginDNSFailed, proxy: "dns_error", status: 502, class: "error"},
		{name: "no address", serve: ok, edit: named, options: Options{Lookup: to()},
			code: catalog.OriginDNSFailed, proxy: "dns_error", status: 502, class: "error"},
		{name: "name servers silent", serve: ok, edit: named, options: Options{Lookup: lookupError(&net.DNSError{Err: "timeout", IsTimeout: true})},
			code: catalog.OriginDNSFailed, proxy: "dns_timeout", status: 504, class: "timeout"},
		{name: "refused", serve: ok, options: Options{Dial: dialError1(syscall.ECONNREFUSED)},
			code: catalog.OriginConnectFailed, proxy: "connection_refused", status: 502, class: "error"},
		{name: "unroutable", serve: ok, options: Options{Dial: dialError1(syscall.EHOSTUNREACH)},
			code: catalog.OriginConnectFailed, proxy: "destination_ip_unroutable", status: 502, class: "error"},
		{name: "connect timeout of the system", serve: ok, options: Options{Dial: dialError1(syscall.ETIMEDOUT)},
			code: catalog.OriginTimeout, proxy: "connection_timeout", status: 504, class: "timeout"},
		{name: "private address", serve: ok, options: Options{Addresses: policy(t, "none")},
			code: catalog.OriginAddressProhibited, proxy: "destination_ip_prohibited", status: 502, class: "error"},
		{name: "private address by name", serve: ok, edit: named, options: Options{Addresses: policy(t, "none"), Lookup: to("10.0.0.1", "::ffff:127.0.0.1")},
			code: catalog.OriginAddressProhibited, proxy: "destination_ip_prohibited", status: 502, class: "error"},
		{name: "metadata address", serve: ok, edit: named, options: Options{Lookup: to("169.254.169.254")},
			code: catalog.OriginAddressProhibited, proxy: "destination_ip_prohibited", status: 502, class: "error"},
		{name: "no TLS there", serve: func(conn net.Conn, r *bufio.Reader) {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = r.ReadByte()
		}, edit: https,
			code: catalog.OriginTLSFailed, proxy: "tls_protocol_error", status: 502, class: "error"},
		{name: "closed in the handshake", serve: closing, edit: https,
			code: catalog.OriginTLSFailed, proxy: "tls_protocol_error", status: 502, class: "error"},
		{name: "closed before the header", serve: after(""),
			code: catalog.OriginConnectionCut, proxy: "connection_terminated", status: 502, class: "error"},
		{name: "closed in the header", serve: after("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
			code: catalog.OriginConnectionCut, proxy: "connection_terminated", status: 502, class: "error"},
		{name: "reset before the header", serve: func(conn net.Conn, r *bufio.Reader) {
			_, _ = readHead(r)
			_ = conn.(*net.TCPConn).SetLinger(0)
		},
			code: catalog.OriginConnectionCut, proxy: "connection_terminated", status: 502, class: "error"},
		{name: "no HTTP", serve: after("220 mail.example ESMTP\r\n"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "malformed status", serve: after("HTTP/1.1 2x0 OK\r\n\r\n"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "malformed field", serve: after("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "two lengths", serve: after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "bare CR in a value", serve: after("HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: c\r\nContent-Length: 0\r\n\r\n"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "endless header", serve: after("HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 100<<10) + "\r\n\r\n"),
			code: catalog.OriginOriginError, proxy: "http_response_header_section_size", status: 502, class: "invalid_header", kept: true},
		{name: "switching protocols", serve: after("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
			code: catalog.OriginOriginError, proxy: "http_protocol_error", status: 502, class: "invalid_header", kept: true},
		{name: "no certificate in ca_pem", serve: ok, edit: func(o *zone.Origin) { https(o); o.CAPEM = "x" },
			code: catalog.OriginTLSFailed, proxy: "proxy_configuration_error", status: 502, class: "error", kept: true},
		{name: "unknown auth type", serve: ok, edit: func(o *zone.Origin) { o.Auth = "oss_v4" },
			code: catalog.OriginUnsigned, proxy: "proxy_configuration_error", status: 502, class: "error", kept: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := signedOrigin(raw(t, tt.serve))
			if tt.edit != nil {
				tt.edit(o)
			}
			c, log := client(t, tt.options)
			_, _, fault := fetch(t, c, get(t, site(t, o, credential()), "/a"))
			if fault == nil || fault.Code != tt.code || fault.Proxy != tt.proxy || fault.Status != tt.status ||
				fault.Class != tt.class || fault.CutOff == tt.kept || fault.Err == nil {
				t.Errorf("fault %+v; want %s, %s, %d, %s", fault, tt.code, tt.proxy, tt.status, tt.class)
			}
			if line := log.String(); !strings.Contains(line, "code="+string(tt.code)) || strings.Contains(line, "planted") {
				t.Errorf("logged %q", line)
			}
		})
	}
}

func TestNothingToAsk(t *testing.T) {
	c, log := client(t, Options{})
	st := site(t, signedOrigin("http://127.0.0.1:1"), nil)
	if _, _, fault := fetch(t, c, get(t, st, "/a")); fault == nil || fault.Code != catalog.OriginSecretMissing || fault.Status != 502 {
		t.Errorf("fault %+v; want secret_missing", fault)
	}
	if _, _, fault := fetch(t, c, get(t, st, "/")); fault == nil || fault.Status != 403 {
		t.Errorf("fault %+v; want 403 for the bucket's root", fault)
	}
	st.Members = nil
	if _, _, fault := fetch(t, c, get(t, st, "/a")); fault == nil || fault.Code != catalog.OriginNoOrigin || fault.Status != 502 {
		t.Errorf("fault %+v; want no_origin", fault)
	}
	if !strings.Contains(log.String(), "code=no_origin") || strings.Contains(log.String(), `=""`) {
		t.Errorf("logged %q", log)
	}
}

func TestTLS(t *testing.T) {
	var name atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { name.Store(r.TLS.ServerName) }))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())

	tests := []struct {
		name   string
		host   string // of the URL
		ca     string
		verify bool
		header string
		sni    string
		proxy  string
	}{
		{name: "unknown authority", host: "example.com", verify: true, proxy: "tls_certificate_error"},
		{name: "not verified", host: "example.com", sni: "example.com"},
		{name: "own authority", host: "example.com", ca: ca, verify: true, sni: "example.com"},
		{name: "other name", host: "wrong.test", ca: ca, verify: true, proxy: "tls_certificate_error"},
		{name: "name is the Host that is sent", host: "example.com", header: "wrong.test", ca: ca, verify: true, proxy: "tls_certificate_error"},
		{name: "Host that fits", host: "wrong.test", header: "example.com", ca: ca, verify: true, sni: "example.com"},
		{name: "IP address", host: "127.0.0.1", ca: ca, verify: true},
		{name: "other IP address", host: "127.0.0.2", ca: ca, verify: true, proxy: "tls_certificate_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := plainOrigin("https://" + tt.host + ":" + port)
			o.CAPEM, o.TLSVerify, o.HostHeader = tt.ca, tt.verify, tt.header
			c, _ := client(t, Options{Lookup: to("127.0.0.1"), Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
			}})
			name.Store("")
			_, _, fault := fetch(t, c, get(t, site(t, o, nil), "/"))
			if tt.proxy != "" {
				if fault == nil || fault.Proxy != tt.proxy || fault.Code != catalog.OriginTLSFailed {
					t.Errorf("fault %+v; want %s", fault, tt.proxy)
				}
				return
			}
			if fault != nil || name.Load() != tt.sni {
				t.Errorf("fault %v, SNI %q; want %q", fault, name.Load(), tt.sni)
			}
		})
	}
}

// A server that wants a client certificate says so by an alert.
func TestTLSAlert(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	o := plainOrigin(s.URL)
	o.TLSVerify = false
	c, _ := client(t, Options{})
	_, _, fault := fetch(t, c, get(t, site(t, o, nil), "/"))
	if fault == nil || fault.Proxy != "tls_alert_received" {
		t.Errorf("fault %+v; want tls_alert_received", fault)
	}
}

func TestTimeouts(t *testing.T) {
	silent := func(conn net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) }
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	tests := []struct {
		name  string
		url   string
		dial  func(context.Context, string, string) (net.Conn, error)
		after time.Duration
		proxy string
		code  catalog.Origin
	}{
		{name: "connect", url: "http://192.0.2.1", dial: hang, after: 5 * time.Second, proxy: "connection_timeout", code: catalog.OriginTimeout},
		{name: "handshake", url: "https://192.0.2.1", dial: piped(silent), after: 5 * time.Second, proxy: "connection_timeout", code: catalog.OriginTimeout},
		{name: "header", url: "http://192.0.2.1", dial: piped(silent), after: 30 * time.Second, proxy: "http_response_timeout", code: catalog.OriginTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := client(t, Options{Dial: tt.dial})
				begin := time.Now()
				_, _, fault := fetch(t, c, get(t, site(t, plainOrigin(tt.url), nil), "/"))
				if fault == nil || fault.Proxy != tt.proxy || fault.Code != tt.code || fault.Status != 504 || fault.Class != "timeout" || !fault.CutOff {
					t.Errorf("fault %+v; want %s", fault, tt.proxy)
				}
				if got := time.Since(begin); got != tt.after {
					t.Errorf("after %v; want %v", got, tt.after)
				}
			})
		})
	}
}

// The time-out of the body is for the next bytes, not for all of them.
func TestBodyTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := client(t, Options{Dial: piped(func(conn net.Conn, r *bufio.Reader) {
			_, _ = readHead(r)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			for range 4 {
				time.Sleep(29 * time.Second)
				_, _ = io.WriteString(conn, "x")
			}
			_, _ = io.Copy(io.Discard, r)
		})})
		a, fault := c.Fetch(t.Context(), get(t, site(t, plainOrigin("http://192.0.2.1"), nil), "/"))
		if fault != nil {
			t.Fatal(fault)
		}
		begin := time.Now()
		b, err := io.ReadAll(a.Body)
		if string(b) != "xxxx" || !errors.Is(err, errReadTimeout) {
			t.Errorf("body %q, %v; want xxxx and the read time-out", b, err)
		}
		if got, want := time.Since(begin), (4*29+30)*time.Second; got != want {
			t.Errorf("after %v; want %v", got, want)
		}
		if err := a.Body.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A reader who takes long himself does not time out.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := client(t, Options{Dial: piped(reply("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"))})
		a, fault := c.Fetch(t.Context(), get(t, site(t, plainOrigin("http://192.0.2.1"), nil), "/"))
		if fault != nil {
			t.Fatal(fault)
		}
		time.Sleep(time.Hour)
		b, err := io.ReadAll(a.Body)
		if string(b) != "body" || err != nil {
			t.Errorf("body %q, %v", b, err)
		}
		_ = a.Body.Close()
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := client(t, Options{Dial: piped(func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })})
		errBudget := errors.New("budget is spent")
		for _, cause := range []error{errBudget, nil} {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			_, fault := c.Fetch(ctx, get(t, site(t, plainOrigin("http://192.0.2.1"), nil), "/"))
			if fault == nil || fault.Proxy != "http_response_timeout" || cause != nil && !errors.Is(fault, cause) {
				t.Errorf("fault %+v; want cause %v", fault, cause)
			}
			if logs := cause != nil; logs != strings.Contains(log.String(), "budget") || strings.Contains(log.String(), "canceled") {
				t.Errorf("cause %v logged %q", cause, log)
			}
			log.b.Reset()
			c.quiet.last = nil
		}
	})
}

func TestMaxConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int32
		serve := piped(reply("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"))
		c, _ := client(t, Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			open.Add(1)
			return serve(ctx, network, address)
		}})
		o := plainOrigin("http://192.0.2.1")
		o.MaxConnections = 2
		st := site(t, o, nil)
		var held []*flow.Answer
		for range 2 {
			a, fault := c.Fetch(t.Context(), get(t, st, "/"))
			if fault != nil {
				t.Fatal(fault)
			}
			held = append(held, a)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, fault := c.Fetch(ctx, get(t, st, "/")); fault == nil || fault.Proxy != "connection_limit_reached" || fault.Status != 503 {
			t.Errorf("third fetch: %+v; want connection_limit_reached", fault)
		}
		// One that waits goes on as soon as another body is closed.
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, body, fault := fetch(t, c, get(t, st, "/")); fault != nil || body != "body" {
				t.Errorf("fetch that waited: %q, %v", body, fault)
			}
		})
		synctest.Wait()
		for _, a := range held {
			_, _ = io.Copy(io.Discard, a.Body)
			_ = a.Body.Close()
			_ = a.Body.Close()
		}
		wg.Wait()
		if n := open.Load(); n != 2 {
			t.Errorf("%d connections were opened; want 2", n)
		}
	})
}

func TestBodyCut(t *testing.T) {
	for name, text := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		c, log := client(t, Options{})
		url := raw(t, func(conn net.Conn, r *bufio.Reader) {
			_, _ = readHead(r)
			_, _ = io.WriteString(conn, text)
		})
		a, fault := c.Fetch(t.Context(), get(t, site(t, plainOrigin(url), nil), "/"))
		if fault != nil {
			t.Fatal(fault)
		}
		b, err := io.ReadAll(a.Body)
		if string(b) != "abc" || err == nil {
			t.Errorf("%s: body %q, %v; want an error", name, b, err)
		}
		if line := log.String(); !strings.Contains(line, "proxy_error=http_response_incomplete") || !strings.Contains(line, "code=connection_cut") {
			t.Errorf("%s: logged %q", name, log)
		}
		_ = a.Body.Close()
		if _, err := a.Body.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: read after close", name)
		}
	}
}

// A fetch whose viewers left ends, gives its connection up, and says nothing.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		c, log := client(t, Options{Dial: piped(func(conn net.Conn, r *bufio.Reader) {
			_, _ = readHead(r)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
			_, _ = io.Copy(io.Discard, r)
			close(gone)
		})})
		errLeft := errors.New("all viewers have left")
		ctx, cancel := context.WithCancelCause(t.Context())
		a, fault := c.Fetch(ctx, get(t, site(t, plainOrigin("http://192.0.2.1"), nil), "/"))
		if fault != nil {
			t.Fatal(fault)
		}
		time.AfterFunc(time.Second, func() { cancel(errLeft) })
		if b, err := io.ReadAll(a.Body); string(b) != "abc" || !errors.Is(err, errLeft) {
			t.Errorf("body %q, %v; want abc and %v", b, err, errLeft)
		}
		_ = a.Body.Close()
		<-gone
		if log.String() != "" {
			t.Errorf("logged %s", log)
		}
	})
}

// A kept connection that closes while the next request is under way is
// replaced, once and unnoticed.
func TestReusedConnectionCloses(t *testing.T) {
	var asked, opened atomic.Int32
	url := raw(t, func(conn net.Conn, r *bufio.Reader) {
		opened.Add(1)
		if _, err := readHead(r); err != nil {
			return
		}
		asked.Add(1)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = readHead(r) // and no answer to the second
	})
	c, _ := client(t, Options{})
	st := site(t, signedOrigin(url), credential())
	for range 3 {
		if _, body, fault := fetch(t, c, get(t, st, "/a")); fault != nil || body != "ok" {
			t.Fatalf("body %q, fault %v", body, fault)
		}
	}
	if asked.Load() != 3 || opened.Load() != 3 {
		t.Errorf("%d requests on %d connections; want 3 on 3", asked.Load(), opened.Load())
	}
}

// An origin that closes every kept connection is asked at most twice: on one
// of them, and on a new one.
func TestOriginThatDropsIsAskedTwice(t *testing.T) {
	const kept = 5
	var dropping atomic.Bool
	var asked atomic.Int32
	together := make(chan struct{}, kept)
	all := make(chan struct{})
	url := raw(t, func(conn net.Conn, r *bufio.Reader) {
		for {
			if _, err := readHead(r); err != nil {
				return
			}
			if dropping.Load() {
				asked.Add(1)
				return
			}
			together <- struct{}{}
			<-all // so that none takes the connection of another
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	c, _ := client(t, Options{})
	st := site(t, signedOrigin(url), credential())
	var wg sync.WaitGroup
	for range kept {
		wg.Go(func() {
			if _, _, fault := fetch(t, c, get(t, st, "/a")); fault != nil {
				t.Error(fault)
			}
		})
	}
	for range kept {
		<-together
	}
	close(all)
	wg.Wait()
	dropping.Store(true)
	_, _, fault := fetch(t, c, get(t, st, "/a"))
	if fault == nil || fault.Status != 502 || !fault.CutOff {
		t.Errorf("fault %+v; want 502, cut off", fault)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times; want 2", n)
	}
}

// Connections are reused after every kind of answer, error documents and
// refused HEADs included.
func TestConnectionsAreReused(t *testing.T) {
	var opened atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "missing"):
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		case strings.HasSuffix(r.URL.Path, "refused") && r.Method == "HEAD":
			w.WriteHeader(403)
		case strings.HasSuffix(r.URL.Path, "refused"):
			w.Header().Set("Content-Range", "bytes 0-0/3")
			w.WriteHeader(206)
			_, _ = io.WriteString(w, "x")
		default:
			_, _ = io.WriteString(w, "ok")
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c, _ := client(t, Options{})
	st := site(t, signedOrigin(s.URL), credential())
	for _, f := range []*flow.Fetch{get(t, st, "/a"), get(t, st, "/missing"), head(t, st, "/refused"), head(t, st, "/a"), get(t, st, "/a")} {
		if _, _, fault := fetch(t, c, f); fault != nil {
			t.Fatal(fault)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections; want 1", n)
	}
}

// Connections begin with another address each time, and a dead address costs
// only its share of the time.
func TestAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried []string
		serve := piped(reply("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
		lookups := 0
		c, _ := client(t, Options{
			Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
				lookups++
				return to("192.0.2.1", "169.254.169.254", "192.0.2.2", "2001:db8::3")(ctx, host)
			},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				tried = append(tried, address)
				if address == "192.0.2.2:80" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return serve(ctx, network, address)
			},
		})
		st := site(t, plainOrigin("http://bucket.example"), nil)
		begin := time.Now()
		for range 4 {
			if _, _, fault := fetch(t, c, get(t, st, "/")); fault != nil {
				t.Fatal(fault)
			}
		}
		want := "192.0.2.1:80 192.0.2.2:80 [2001:db8::3]:80 [2001:db8::3]:80 192.0.2.1:80"
		if got := strings.Join(tried, " "); got != want {
			t.Errorf("dialled %s; want %s", got, want)
		}
		if took := time.Since(begin); took != 5*time.Second/3 {
			t.Errorf("took %v; want a third of the connect time-out", took)
		}
		if lookups != 1 {
			t.Errorf("%d lookups in ten seconds; want 1", lookups)
		}
	})
}

func TestLookupFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serve := piped(reply("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
		answer := to("192.0.2.1")
		c, _ := client(t, Options{Dial: serve, Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) { return answer(ctx, host) }})
		st := site(t, plainOrigin("http://bucket.example"), nil)
		steps := []struct {
			name   string
			wait   time.Duration
			lookup func(context.Context, string) ([]netip.Addr, error)
			fails  bool
		}{
			{name: "resolved", lookup: answer},
			{name: "silent: last addresses", wait: 30 * time.Second, lookup: lookupError(&net.DNSError{IsTimeout: true})},
			{name: "silent for long", wait: 31 * time.Second, lookup: lookupError(&net.DNSError{IsTimeout: true}), fails: true},
			{name: "back", lookup: answer},
			{name: "gone", wait: 11 * time.Second, lookup: lookupError(&net.DNSError{IsNotFound: true}), fails: true},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			answer = step.lookup
			if _, _, fault := fetch(t, c, get(t, st, "/")); (fault != nil) != step.fails {
				t.Errorf("%s: fault %v", step.name, fault)
			}
		}
	})
}

// The request after a rotation is signed with the new secret, on the same
// connections; what an old snapshot needed alone is dropped.
func TestRotation(t *testing.T) {
	cr := credential()
	valid := keyring(cr)
	s := bucket(t, func(key string) (sigv4.Credentials, bool) { return valid(key) }, func(http.ResponseWriter, *http.Request) {})
	c, _ := client(t, Options{})
	old := site(t, signedOrigin(s.URL), cr)
	if _, _, fault := fetch(t, c, get(t, old, "/a")); fault != nil {
		t.Fatal(fault)
	}
	rotated := *cr
	rotated.Version, rotated.Secret = 2, zone.NewSecret("another")
	valid = keyring(&rotated)
	if _, _, fault := fetch(t, c, get(t, old, "/a")); fault == nil || fault.Code != catalog.OriginSecretWrong {
		t.Errorf("old secret: fault %+v; want secret_wrong", fault)
	}
	next := site(t, signedOrigin(s.URL), &rotated)
	c.Apply(snapshot(next))
	if _, _, fault := fetch(t, c, get(t, next, "/a")); fault != nil {
		t.Errorf("new secret: %v", fault)
	}
	if len(c.signers) != 1 || len(c.servers) != 1 {
		t.Errorf("%d signers, %d servers; want 1 of each", len(c.signers), len(c.servers))
	}
}

func TestApplyClosesConnections(t *testing.T) {
	closed := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	defer s.Close()
	c, _ := client(t, Options{})
	st := site(t, plainOrigin(s.URL), nil)
	if _, _, fault := fetch(t, c, get(t, st, "/")); fault != nil {
		t.Fatal(fault)
	}
	c.Apply(snapshot(st))
	if len(c.servers) != 1 {
		t.Fatalf("%d servers after the same configuration; want 1", len(c.servers))
	}
	changed := *st.Zone
	changed.Origin.ReadTimeout = time.Second
	snap := snapshot(st)
	snap.Zones["zone-1"] = &changed
	c.Apply(snap)
	<-closed
	if len(c.servers) != 0 {
		t.Errorf("%d servers after another configuration; want 0", len(c.servers))
	}
}

// Repetitions are counted and written once in a while.
func TestLogIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := client(t, Options{Dial: dialError1(syscall.ECONNREFUSED)})
		st := site(t, plainOrigin("http://192.0.2.1"), nil)
		for range 5 {
			_, _, _ = fetch(t, c, get(t, st, "/"))
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines; want 1:\n%s", n, log)
		}
		time.Sleep(logEvery)
		_, _, _ = fetch(t, c, get(t, st, "/"))
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "repeated=4") {
			t.Errorf("%d lines; want 2, the second with repeated=4:\n%s", n, log)
		}
	})
}
