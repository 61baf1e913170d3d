// Package origin asks origins for objects: it maps the path, builds the
// request from an allow-list, signs it, sends it over a pool of connections
// of its own, and says what came back: an answer that may be passed on to
// viewers, or a fault. Credentials, signed fields and the error documents of
// private buckets never leave it.
package origin

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Options configures a [Client]. The zero value is valid.
type Options struct {
	// Addresses rules which private addresses may be dialled; the zero value
	// permits all. It is asked about every address, after DNS.
	Addresses zone.AddressPolicy

	// Pseudonym is this CDN's name in Via and CDN-Loop, a token. Empty means
	// "cistern". A request that already carries it in CDN-Loop is refused, so
	// two installations that fetch from each other need different ones.
	Pseudonym string

	// Log receives one line per fault; nil means slog.Default. Repetitions
	// for one origin and code within ten seconds are counted, not written.
	Log *slog.Logger

	// Sent, if set, is called for each request whose head went out, repeated
	// ones included. It may be called concurrently.
	Sent func(site *flow.Site)

	// Lookup resolves names; nil asks the system. Dial opens a connection to
	// an address that Addresses allows; nil dials TCP.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o *Options) setDefaults() {
	if o.Pseudonym == "" {
		o.Pseudonym = "cistern"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Sent == nil {
		o.Sent = func(*flow.Site) {}
	}
	if o.Lookup == nil {
		o.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
}

// A Client fetches. It is safe for concurrent use.
type Client struct {
	Options
	keys  sigv4.Keys
	quiet quiet

	mu sync.Mutex
	// Both are guarded by mu, made when first needed, and dropped when no
	// snapshot wants them any longer.
	servers map[serverID]*server
	signers map[signerID]*sigv4.Signer
}

// New returns a client without connections.
func New(o Options) *Client {
	o.setDefaults()
	return &Client{
		Options: o,
		servers: make(map[serverID]*server),
		signers: make(map[signerID]*sigv4.Signer),
	}
}

// Apply closes the connections and forgets the signing keys that s no longer
// has a use for. Fetches in progress end with what they began with.
func (c *Client) Apply(s *zone.Snapshot) {
	wanted := make(map[serverID]bool)
	versions := make(map[string]int64) // of credentials
	for _, z := range s.Zones {
		g := s.Groups[z.Group]
		if g == nil {
			continue
		}
		for i := range g.Origins {
			o := &g.Origins[i]
			if endpoint, err := o.Resolve(); err == nil && o.Enabled {
				wanted[newServerID(z, o, &endpoint)] = true
			}
		}
	}
	for uuid, credential := range s.Credentials {
		versions[uuid] = credential.Version
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, server := range c.servers {
		if !wanted[id] {
			delete(c.servers, id)
			server.transport.CloseIdleConnections()
		}
	}
	for id := range c.signers {
		if version, ok := versions[id.credential]; !ok || version != id.version {
			delete(c.signers, id)
		}
	}
}

// Close closes all idle connections; the others close with their fetch.
func (c *Client) Close() {
	c.Apply(&zone.Snapshot{})
}

// server returns the connections for a member of a site.
func (c *Client) server(z *zone.Zone, m *flow.Member) (*server, error) {
	id := newServerID(z, m.Origin, &m.Endpoint)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.servers[id]; s != nil {
		return s, nil
	}
	s, err := c.newServer(id)
	if err != nil {
		return nil, err
	}
	c.servers[id] = s
	return s, nil
}

// A signerID names a signer by all that it depends on.
type signerID struct {
	credential      string // UUID
	version         int64
	secret, token   zone.Secret
	region, service string
	payload         sigv4.Payload
}

func (c *Client) signer(m *flow.Member) *sigv4.Signer {
	o, credential := m.Origin, m.Credential
	id := signerID{
		credential: credential.UUID, version: credential.Version,
		secret: credential.Secret, token: credential.Token,
		region: m.Endpoint.Region, service: o.Service,
	}
	if o.PayloadHash == zone.PayloadEmpty {
		id.payload = sigv4.PayloadEmpty
	}
	if id.service == "" {
		id.service = "s3"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.signers[id]
	if s == nil {
		s = sigv4.NewSigner(&c.keys, sigv4.Credentials{
			AccessKey: credential.AccessKey, Secret: credential.Secret.Reveal(),
			Token: credential.Token.Reveal(), Version: credential.Version,
		}, id.region, id.service, id.payload)
		c.signers[id] = s
	}
	return s
}

// Fetch asks the first origin of the site for an object. The caller closes
// the Answer's body, which holds one of the origin's connections until then.
// Fetch ends when ctx does, and so does the body.
func (c *Client) Fetch(ctx context.Context, f *flow.Fetch) (*flow.Answer, *flow.Fault) {
	t := try{client: c, fetch: f, head: f.Head}
	answer, fault := t.run(ctx)
	switch {
	case fault != nil && !ofViewer(fault.Err):
		c.log(&t, fault)
	case answer != nil && answer.Negative:
		c.log(&t, t.missing(answer))
	}
	return answer, fault
}

// A try is one fetch from one member.
type try struct {
	client *Client
	fetch  *flow.Fetch
	member *flow.Member
	server *server
	signer *sigv4.Signer // nil: nothing is signed
	wire   string        // path in the strict form
	path   string        // the same, decoded
	head   bool          // the method that is sent
	probe  bool          // ask for the first byte only, in place of a HEAD

	said said // for the log
}

func (t *try) run(ctx context.Context) (*flow.Answer, *flow.Fault) {
	f := t.fetch
	if len(f.Site.Members) > 0 {
		t.member = &f.Site.Members[0]
	}
	if n := cdnfield.CDNLoopCount(f.Viewer.AppendJoined(nil, "CDN-Loop"), t.client.Pseudonym); n > 0 {
		return nil, &flow.Fault{Status: 502, Proxy: cdnfield.ProxyLoopDetected, Err: errLoop}
	}
	if t.member == nil {
		return nil, &flow.Fault{Status: 502, Proxy: cdnfield.ProxyConfigurationError, Code: catalog.OriginNoOrigin, Class: classError, Err: errNoOrigin}
	}
	if fault := t.prepare(); fault != nil {
		return nil, fault
	}
	if t.head && t.signer != nil && t.server.headRefused() {
		t.head, t.probe = false, true
	}
	answer, fault := t.send(ctx)
	if fault != nil && t.head && t.signer != nil && (fault.Received == 403 || fault.Received == 400) {
		// A HEAD error says nothing about its cause, and some policies refuse
		// HEAD alone: the same question as a GET of one byte tells.
		t.head, t.probe = false, true
		if answer, fault = t.send(ctx); fault == nil && !answer.Negative {
			t.server.refuseHead()
		}
	}
	return answer, fault
}

// prepare decides all that does not depend on time.
func (t *try) prepare() *flow.Fault {
	m, f := t.member, t.fetch
	if err := m.Mapping.Check(f.Path); err != nil {
		return pathFault(err)
	}
	t.wire = string(m.Mapping.AppendWire(nil, f.Path))
	t.path = unescape(t.wire)
	switch m.Origin.Auth {
	case zone.AuthNone:
	case zone.AuthSigV4:
		if f.Method != "" {
			return &flow.Fault{Status: 405, Proxy: cdnfield.HTTPRequestDenied, Err: errMethod}
		}
		if cr := m.Credential; cr == nil || cr.AccessKey == "" || cr.Secret.IsZero() {
			return &flow.Fault{Status: 502, Proxy: cdnfield.ProxyConfigurationError, Code: catalog.OriginSecretMissing, Class: classError, Err: errNoSecret}
		}
		if !signable(f.Query) {
			return &flow.Fault{Status: 502, Proxy: cdnfield.HTTPRequestDenied, Err: errQuery}
		}
		t.signer = t.client.signer(m)
	default:
		return &flow.Fault{Status: 502, Proxy: cdnfield.ProxyConfigurationError, Code: catalog.OriginUnsigned, Class: classError, Err: errAuthType}
	}
	server, err := t.client.server(f.Site.Zone, m)
	if err != nil {
		return &flow.Fault{Status: 502, Proxy: cdnfield.ProxyConfigurationError, Code: catalog.OriginTLSFailed, Class: classError, Err: err}
	}
	t.server = server
	return nil
}

// send sends the request once and reads what came.
func (t *try) send(ctx context.Context) (*flow.Answer, *flow.Fault) {
	s := t.server
	t.said = said{}
	if err := s.acquire(ctx); err != nil {
		return nil, &flow.Fault{Status: 503, Proxy: cdnfield.ConnectionLimitReached, Code: catalog.OriginTimeout, Class: classTimeout, CutOff: true, Err: err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	res, sent, err := t.roundTrip(ctx)
	if err != nil {
		fault := transportFault(ctx, err)
		cancel(nil)
		s.release()
		return nil, fault
	}
	b := newBody(ctx, cancel, t, res.Body)
	answer := &flow.Answer{
		Status: res.StatusCode, Length: res.ContentLength, Body: b,
		RequestTime: sent.Unix(), ResponseTime: time.Now().Unix(),
	}
	return t.judge(answer, res)
}
