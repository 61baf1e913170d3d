package origin

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cistern-cdn/cistern/internal/zone"
)

const (
	defaultConnectTimeout = 5 * time.Second
	defaultReadTimeout    = 30 * time.Second
	defaultConnections    = 256

	idleTimeout   = 90 * time.Second
	lookupFresh   = 10 * time.Second // how long resolved addresses are used unasked
	lookupStale   = 60 * time.Second // and for how long if the name servers are silent
	headRefusal   = 10 * time.Minute
	readBuffer    = 32 << 10
	maxHeaderSize = 64 << 10
)

// A serverID is all of a configuration that connections depend on: another
// value, other connections.
type serverID struct {
	origin      string // UUID
	scheme      string
	host        string // that is dialled
	port        int
	name        string // of the certificate
	verify      bool
	ca          string
	connections int
	connect     time.Duration
	read        time.Duration
}

func newServerID(z *zone.Zone, o *zone.Origin, e *zone.Endpoint) serverID {
	id := serverID{
		origin: o.UUID, scheme: e.Scheme, host: e.DialHost, port: e.Port, name: e.ServerName,
		verify: o.TLSVerify, ca: o.CAPEM,
		connections: cmp.Or(max(o.MaxConnections, 0), defaultConnections),
		connect:     cmp.Or(max(z.Origin.ConnectTimeout, 0), defaultConnectTimeout),
		read:        cmp.Or(max(z.Origin.ReadTimeout, 0), defaultReadTimeout),
	}
	if id.name == "" {
		// An IP address: crypto/tls verifies it and sends no SNI.
		id.name = hostOnly(e.HostHeader)
	}
	return id
}

// hostOnly cuts the port, and the brackets of an IPv6 literal, off a Host.
func hostOnly(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// A server is the connections to one origin.
type server struct {
	serverID
	client    *Client
	transport *http.Transport
	tls       *tls.Config   // nil: plain
	slots     chan struct{} // one element per request in progress
	next      atomic.Uint32 // address to begin with
	useGET    atomic.Int64  // Unix nanoseconds until which a HEAD is asked as GET

	mu       sync.Mutex
	addrs    []netip.Addr // guarded by mu: what the name resolved to last
	resolved time.Time    // guarded by mu: when
}

func (c *Client) newServer(id serverID) (*server, error) {
	s := &server{serverID: id, client: c, slots: make(chan struct{}, id.connections)}
	if id.scheme == "https" {
		config, err := newTLS(id)
		if err != nil {
			return nil, err
		}
		s.tls = config
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	s.transport = &http.Transport{
		DialContext:            s.dial,
		DialTLSContext:         s.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    id.connections,
		MaxConnsPerHost:        id.connections,
		IdleConnTimeout:        idleTimeout,
		ResponseHeaderTimeout:  id.read,
		MaxResponseHeaderBytes: maxHeaderSize,
		ReadBufferSize:         readBuffer,
	}
	return s, nil
}

func newTLS(id serverID) (*tls.Config, error) {
	config := &tls.Config{
		ServerName:         id.name,
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"http/1.1"},
		InsecureSkipVerify: !id.verify, //nolint:gosec // what tls_verify asks for
		ClientSessionCache: tls.NewLRUClientSessionCache(id.connections),
	}
	if id.ca == "" {
		return config, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM([]byte(id.ca)) {
		return nil, errors.New("read ca_pem: no certificate in it")
	}
	config.RootCAs = roots
	return config, nil
}

var errNoSlot = errors.New("all connections that max_connections allows are in use")

// acquire waits for one of the connections that the origin allows.
func (s *server) acquire(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a connection: %w: %w", errNoSlot, context.Cause(ctx))
	}
}

func (s *server) release() { <-s.slots }

// headRefused reports whether the origin was lately found to refuse HEAD for
// what it serves to GET.
func (s *server) headRefused() bool { return time.Now().UnixNano() < s.useGET.Load() }

func (s *server) refuseHead() { s.useGET.Store(time.Now().Add(headRefusal).UnixNano()) }

// A dialError is a connection that did not come about.
type dialError struct {
	step string // "resolve", "connect" or "tls"
	err  error
}

// Error names the step.
func (e *dialError) Error() string { return e.step + ": " + e.err.Error() }

// Unwrap returns the cause.
func (e *dialError) Unwrap() error { return e.err }

func (s *server) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.connect, errConnectTimeout)
	defer cancel()
	conn, err := s.connectAny(ctx, network)
	return conn, late(ctx, err)
}

func (s *server) dialTLS(ctx context.Context, network, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.connect, errConnectTimeout)
	defer cancel()
	conn, err := s.connectAny(ctx, network)
	if err != nil {
		return nil, late(ctx, err)
	}
	secure := tls.Client(conn, s.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, late(ctx, &dialError{"tls", err})
	}
	return secure, nil
}

// late replaces the cause of err, a *dialError or nil, if it is that the time
// for connecting was over.
func late(ctx context.Context, err error) error {
	var e *dialError
	if errors.As(err, &e) && ctx.Err() != nil {
		return &dialError{e.step, context.Cause(ctx)}
	}
	return err
}

// connectAny connects to one of the origin's addresses, each time beginning
// with another one, so that connections are spread over them all.
func (s *server) connectAny(ctx context.Context, network string) (net.Conn, error) {
	addrs, err := s.lookup(ctx)
	if err != nil {
		return nil, &dialError{"resolve", err}
	}
	allowed := make([]netip.Addr, 0, len(addrs))
	for _, a := range addrs {
		if e := s.client.Addresses.Check(a); e != nil {
			err = e
			continue
		}
		allowed = append(allowed, a)
	}
	if len(allowed) == 0 {
		return nil, &dialError{"connect", err}
	}
	first := int(s.next.Add(1)-1) % len(allowed)
	for i := range allowed {
		a := allowed[(first+i)%len(allowed)]
		conn, e := s.connectOne(ctx, network, a, len(allowed)-i)
		if e == nil {
			return conn, nil
		}
		err = e
		if ctx.Err() != nil {
			break
		}
	}
	return nil, &dialError{"connect", err}
}

// connectOne gives an address its share of the time that is left for n.
func (s *server) connectOne(ctx context.Context, network string, a netip.Addr, n int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && n > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(n))
		defer cancel()
	}
	return s.client.Dial(ctx, network, netip.AddrPortFrom(a, uint16(s.port)).String())
}

// lookup returns the addresses of the origin. What the name resolved to is
// used for ten seconds, and for a minute if name servers do not answer.
func (s *server) lookup(ctx context.Context) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(s.host); err == nil {
		return []netip.Addr{a}, nil
	}
	s.mu.Lock()
	known, age := s.addrs, time.Since(s.resolved)
	s.mu.Unlock()
	if len(known) > 0 && age < lookupFresh {
		return known, nil
	}
	addrs, err := s.client.Lookup(ctx, s.host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: s.host, IsNotFound: true}
	}
	if err != nil {
		var dns *net.DNSError
		if len(known) > 0 && age < lookupStale && !(errors.As(err, &dns) && dns.IsNotFound) {
			return known, nil
		}
		return nil, err
	}
	s.mu.Lock()
	s.addrs, s.resolved = addrs, time.Now()
	s.mu.Unlock()
	return addrs, nil
}
