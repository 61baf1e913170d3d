package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/cistern-cdn/cistern/internal/control/auth"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// A call is what is known of a request besides its parameters.
type call struct {
	requestID string
	caller    auth.Caller
	body      *checked // nil: none
}

type callKey struct{}

// callOf returns the call that a request's context carries.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

func (c *call) account() string { return c.caller.Account }
func (c *call) name() string    { return c.caller.Name }

// faults returns what the check of the body found. The caller may append.
func (c *call) faults() []fault {
	if c.body == nil {
		return nil
	}
	return slices.Clone(c.body.faults)
}

// identify gives the request its id, and turns a panic into an answer.
func (s *server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !validRequestID(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set("X-Request-Id", id)
		w.Header().Set("Cache-Control", "no-store")
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, &call{requestID: id}))
		defer func() {
			switch e := recover(); e {
			case nil:
			case http.ErrAbortHandler:
				panic(e)
			default:
				s.log.Error("panic", "error", fmt.Sprint(e), "path", r.URL.Path, "request_id", id, "stack", string(debug.Stack()))
				refuse(catalog.APIInternal, "request %s", id).write(w, r)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func validRequestID(id string) bool {
	return len(id) >= 1 && len(id) <= 64 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// route passes on what the document has, and refuses the rest as a problem.
func (s *server) route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := r.URL.Path
		known := s.doc.pathOf(at)
		switch {
		case known == "" && unbuiltOperation(at):
			refuse(catalog.APINotBuilt, "this version has no %s", at).write(w, r)
		case known == "" && at != "/" && strings.HasSuffix(at, "/") && s.doc.pathOf(strings.TrimSuffix(at, "/")) != "":
			p := refuse(catalog.APINotFound, "there is no path %q", at)
			p.hint = "Leave out the slash at the end."
			p.write(w, r)
		case known == "" || path.Clean(at) != at:
			refuse(catalog.APINotFound, "there is no path %q", at).write(w, r)
		case !s.doc.takes(known, r.Method):
			p := refuse(catalog.APIMethodNotAllowed, "%s does not take %s", at, r.Method)
			p.allow = s.doc.allow(known)
			p.write(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// admit checks login, role, query parameters and body of a request, for the
// operation that it was routed to.
func (s *server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := s.doc.operations[r.Pattern]
		c := callOf(r.Context())
		if !op.public {
			var err error
			if c.caller, err = s.authenticate(r, op); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			// To ignore it would let a client repeat a request that it
			// believes to be safe.
			s.fail(w, r, invalid([]fault{{field: "Idempotency-Key", code: catalog.APIUnsupported,
				message: "has no effect in this version", hint: "Leave the header out, and list the objects before you repeat a request."}}))
			return
		}
		if p := op.checkQuery(r); p != nil {
			p.write(w, r)
			return
		}
		if op.body != nil {
			body, p := op.readBody(w, r)
			if p != nil {
				p.write(w, r)
				return
			}
			c.body = body
			r.Body = io.NopCloser(bytes.NewReader(body.clean))
			r.ContentLength = int64(len(body.clean))
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate returns who calls, if that is known and may call op.
func (s *server) authenticate(r *http.Request, op *operation) (auth.Caller, error) {
	caller, err := s.auth.Authenticate(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		return caller, err
	}
	if !slices.Contains(op.roles, caller.Role) {
		return caller, refuse(catalog.APIRoleRequired, "the token has role %s", caller.Role)
	}
	// There is one account in this version, so nobody acts for another one.
	if other := r.Header.Get("X-Cistern-Account"); other != "" && other != caller.Account {
		return caller, refuse(catalog.APIRoleRequired, "the token may not act for account %q", other)
	}
	return caller, nil
}

// checkQuery refuses parameters that the operation does not have or that are
// given twice.
func (o *operation) checkQuery(r *http.Request) *problem {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(catalog.APIBadParameter, "the query cannot be read: %s", err)
	}
	var faults []fault
	for name, list := range values {
		if p := o.query[name]; p == nil {
			faults = append(faults, fault{field: name, code: catalog.APIUnknownParameter, message: "there is no such parameter"})
		} else if len(list) > 1 {
			faults = append(faults, fault{field: name, code: catalog.APIBadParameter, message: "is given more than once"})
		} else if f := checkParameter(name, p, list[0]); f != nil {
			faults = append(faults, *f)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	p := invalid(faults)
	p.code = faults[0].code
	if p.code == catalog.APIUnknownParameter {
		p.hint = "This operation takes " + cmp.Or(fieldsOf(o.query), "no parameters") + "."
	}
	return p
}

// checkParameter compares a query parameter with its schema.
func checkParameter(name string, s *openapi3.Schema, text string) *fault {
	var value any = text
	if s.Type.Is("integer") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return &fault{field: name, code: catalog.APIBadParameter, message: "must be a whole number"}
		}
		value = float64(n)
	}
	one, wrong := errors.AsType[*openapi3.SchemaError](s.VisitJSON(value))
	if !wrong {
		return nil
	}
	f := faultOf(one)
	return &fault{field: name, code: catalog.APIBadParameter, message: f.message}
}

// readBody reads and checks the body of a request.
func (o *operation) readBody(w http.ResponseWriter, r *http.Request) (*checked, *problem) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	merge := kind == "application/merge-patch+json" && r.Method == http.MethodPatch
	if err != nil || kind != "application/json" && !merge {
		return nil, refuse(catalog.APIMediaType, "Content-Type is %q", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, o.maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, refuse(catalog.APIBodyTooLarge, "the body is longer than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, refuse(catalog.APIBadJSON, "the body ended early")
	}
	return o.body.check(body)
}
