package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
)

// A fault is one thing wrong with one field of a body.
type fault struct {
	field   string // dots, list index from 0: "origins.0.url"; "" is the body itself
	code    catalog.API
	message string // "must be 100 to 60000"
	hint    string // "" means that of the catalogue
}

// A problem is an answer that is an error. It is the only error that is shown
// to callers; every other one becomes catalog.APIInternal.
type problem struct {
	code   catalog.API
	detail string // "" means the catalogue's meaning
	hint   string // "" means the catalogue's fix
	faults []fault

	allow      string        // Allow, of a 405
	retryAfter int           // seconds, of a 429 and 503; 0 means none
	current    *currentState // of a 412
}

// A currentState tells whoever lost the race what to work on now.
type currentState struct {
	object any
	etag   string
	by     string
	at     string // RFC 3339
}

// Error is the text for the log.
func (p *problem) Error() string {
	text := string(p.code)
	if p.detail != "" {
		text += ": " + p.detail
	}
	for _, f := range p.faults {
		text += fmt.Sprintf("; %s: %s", f.field, f.message)
	}
	return text
}

// refuse returns a problem about the request as a whole.
func refuse(code catalog.API, format string, args ...any) *problem {
	return &problem{code: code, detail: fmt.Sprintf(format, args...)}
}

// invalid returns the problem that reports faults, of which there is at least
// one. A single fault gives its own code to the answer.
func invalid(faults []fault) *problem {
	slices.SortStableFunc(faults, func(a, b fault) int { return cmp.Compare(a.field, b.field) })
	if len(faults) == 1 {
		f := faults[0]
		return &problem{code: f.code, detail: sentence(f), hint: f.hint, faults: faults}
	}
	total, rest := len(faults), ""
	if total > maxFaults {
		faults = faults[:maxFaults]
		rest = " and more, which are not listed"
	}
	fields := make([]string, 0, len(faults))
	for _, f := range faults {
		fields = append(fields, cmp.Or(f.field, "body"))
	}
	return &problem{code: catalog.APIInvalid, faults: faults,
		detail: fmt.Sprintf("%d faults, in %s%s", total, strings.Join(slices.Compact(fields), ", "), rest)}
}

// maxFaults bounds an answer to a body that is wrong everywhere.
const maxFaults = 100

// sentence says a fault with its field.
func sentence(f fault) string {
	if f.field == "" {
		return f.message
	}
	return f.field + ": " + f.message
}

// write answers with the problem (RFC 9457).
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	row := p.code.Row()
	h := w.Header()
	if row.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.current != nil {
		h.Set("ETag", p.current.etag)
	}
	h.Set("Content-Type", "application/problem+json")
	body, err := json.Marshal(p.body(r, row))
	if err != nil {
		// Nothing in a problem can be unfit for JSON.
		panic("bug: encode problem: " + err.Error())
	}
	w.WriteHeader(row.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n'))
	}
}

func (p *problem) body(r *http.Request, row catalog.Row) any {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	out := contract.Problem{
		Type:      fmt.Sprintf("%s://%s/docs/%s", scheme, r.Host, row.Docs),
		Title:     row.Title,
		Status:    row.Status,
		Code:      row.Code,
		Detail:    cmp.Or(p.detail, row.Meaning),
		RequestID: callOf(r.Context()).requestID,
		Instance:  r.URL.Path,
	}
	hint := cmp.Or(p.hint, row.Fix)
	out.Hint = &hint
	if len(p.faults) > 0 {
		byField := map[string][]contract.Fault{}
		for _, f := range p.faults {
			name := cmp.Or(f.field, "body")
			byField[name] = append(byField[name], contract.Fault{Code: string(f.code), Message: f.message})
		}
		out.Errors = &byField
	}
	if p.current == nil {
		return out
	}
	return struct {
		contract.Problem
		Current     any    `json:"current"`
		CurrentETag string `json:"current_etag"`
		ChangedBy   string `json:"changed_by"`
		ChangedAt   string `json:"changed_at"`
	}{out, p.current.object, p.current.etag, p.current.by, p.current.at}
}

// fieldsOf returns the names of a set, sorted, for a message.
func fieldsOf[V any](set map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}
