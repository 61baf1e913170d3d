// Package api answers the REST API of the control plane, as api/openapi.yaml
// says. A request passes, in this order: request id, route, login, role, query
// parameters, body; then the handler of its operation. One file holds one
// resource. Every error is a problem+json, written in one place.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/control/auth"
	"github.com/cistern-cdn/cistern/internal/control/store"
	"github.com/cistern-cdn/cistern/internal/control/vault"
	"github.com/cistern-cdn/cistern/internal/link"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// Options are what the API works with. Fields without "zero" in their comment
// are required.
type Options struct {
	Store     *store.Store
	Vault     *vault.Vault
	Auth      *auth.Auth
	Publisher Publisher

	// Addresses says where origins may lie. Zero allows private addresses.
	Addresses zone.AddressPolicy

	// Resolver looks up the hosts of origins when they are saved. Zero means
	// net.DefaultResolver.
	Resolver Resolver

	// BaseDomain makes the system hostnames, "<id>.<base domain>". Zero means
	// that zones have none.
	BaseDomain string

	// Version is told under /version.
	Version string

	// Log takes what callers are not told. Zero means slog.Default().
	Log *slog.Logger
}

// A Publisher tells how far the edges are with what was configured. It is
// called concurrently; *link.Hub is one.
type Publisher interface {
	// Edges returns all edges, by name.
	Edges() []link.EdgeState

	// Changed returns a channel that is closed when an answer of Edges is no
	// longer the newest.
	Changed() <-chan struct{}
}

var _ Publisher = (*link.Hub)(nil)

// A Resolver finds the addresses of a host.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// defaultMaxZones is how many zones an account may have.
const defaultMaxZones = 1000

// lookUpTime bounds how long saving an origin waits for the name servers.
const lookUpTime = 2 * time.Second

// A server has one method for each operation of the document.
type server struct {
	store      *store.Store
	vault      *vault.Vault
	auth       *auth.Auth
	publisher  Publisher
	addresses  zone.AddressPolicy
	resolver   Resolver
	baseDomain string
	version    string
	maxZones   int // of an account
	log        *slog.Logger
	doc        *document
	errorsPage []byte // HTML
}

var _ contract.StrictServerInterface = (*server)(nil)

// New returns the handler of the REST API. An error is a bug in what is
// embedded.
func New(o Options) (http.Handler, error) {
	doc, err := load()
	if err != nil {
		return nil, fmt.Errorf("load api: %w", err)
	}
	page, err := renderErrors()
	if err != nil {
		return nil, fmt.Errorf("load api: %w", err)
	}
	s := &server{store: o.Store, vault: o.Vault, auth: o.Auth, publisher: o.Publisher, addresses: o.Addresses,
		resolver: o.Resolver, baseDomain: o.BaseDomain, version: o.Version, maxZones: defaultMaxZones, log: o.Log, doc: doc, errorsPage: page}
	if s.resolver == nil {
		s.resolver = net.DefaultResolver
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	strict := contract.NewStrictHandlerWithOptions(s, nil, contract.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.fail,
		ResponseErrorHandlerFunc: s.fail,
	})
	mux := http.NewServeMux()
	contract.HandlerWithOptions(strict, contract.StdHTTPServerOptions{
		BaseRouter:       mux,
		Middlewares:      []contract.MiddlewareFunc{s.admit},
		ErrorHandlerFunc: s.fail,
	})
	return s.identify(s.route(mux)), nil
}

// fail answers with the problem that err is, or that it means.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problemOf(r, err)
	if p != nil {
		p.write(w, r)
	}
}

// problemOf makes a problem of any error. Nil means that nobody waits for the
// answer any more.
func (s *server) problemOf(r *http.Request, err error) *problem {
	var (
		p         *problem
		taken     *store.TakenError
		malformed *contract.InvalidParamFormatError
		missing   *contract.RequiredParamError
		authErr   *auth.Error
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &authErr):
		return &problem{code: authErr.Code, detail: authErr.Message}
	case errors.As(err, &malformed):
		return badParameter(malformed.ParamName, "cannot be read")
	case errors.As(err, &missing):
		return badParameter(missing.ParamName, "is required")
	case errors.As(err, &taken):
		return takenProblem(taken)
	case errors.Is(err, store.ErrNotFound):
		return refuse(catalog.APINotFound, "")
	case r.Context().Err() != nil:
		return nil
	case errors.Is(err, store.ErrUnavailable):
		s.log.Error("store unavailable", "error", err, "request_id", callOf(r.Context()).requestID)
		return &problem{code: catalog.APIStoreUnavailable, retryAfter: 1}
	}
	s.log.Error("answer request", "error", err, "method", r.Method, "path", r.URL.Path, "request_id", callOf(r.Context()).requestID)
	return refuse(catalog.APIInternal, "request %s", callOf(r.Context()).requestID)
}

// orNotFound names what is missing, if that is what err says.
func orNotFound(err error, kind, uuid string) error {
	if errors.Is(err, store.ErrNotFound) {
		return notFound(kind, uuid)
	}
	return err
}

func notFound(kind, uuid string) *problem {
	return refuse(catalog.APINotFound, "there is no %s %q", kind, uuid)
}

func badParameter(name, message string) *problem {
	return &problem{code: catalog.APIBadParameter, detail: name + " " + message,
		faults: []fault{{field: name, code: catalog.APIBadParameter, message: message}}}
}

// takenProblem tells which names are in use. Whose zone has them is told only
// inside the account.
func takenProblem(e *store.TakenError) *problem {
	p := &problem{code: catalog.APIHostnameTaken}
	if e.Kind == "name" {
		p.code = catalog.APINameTaken
	}
	for _, t := range e.Taken {
		holder := "another zone"
		if t.SameAccount {
			holder = "zone " + t.Zone
		}
		f := fault{field: "name", code: p.code, message: "already in use by " + holder}
		if e.Kind != "name" {
			f.field = fmt.Sprintf("hostnames.%d", t.Index)
		}
		if t.By != t.Name {
			f.message += ", through " + t.By
		}
		p.faults = append(p.faults, f)
		if p.detail == "" {
			p.detail = t.Name + " is " + f.message
		}
	}
	return p
}
