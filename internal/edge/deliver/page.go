package deliver

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
)

// Refuse answers a request that the edge itself turns down, with one plain
// sentence. extra are further fields, such as Allow.
func Refuse(x *flow.Exchange, status int, code catalog.Access, sentence string, extra ...httpmsg.Field) {
	x.Release()
	x.Code = string(code)
	x.Reply.Extra = append(x.Reply.Extra, extra...)
	page(x, status, x.Code, sentence)
}

// Options answers an OPTIONS request that ends here: with what is allowed.
func Options(x *flow.Exchange, allow string) {
	r := &x.Reply
	r.Status, r.Age, r.NoBody = 204, -1, true
	r.Extra = append(r.Extra,
		field("Server", "Cistern"),
		httpmsg.Field{Name: []byte("Date"), Value: httpmsg.AppendDate(nil, x.Seconds())},
		field("Allow", allow),
	)
}

// Fault answers for an origin that gave nothing to pass on. What it said
// stays in the log.
func Fault(x *flow.Exchange) {
	f := x.Fault
	x.Code = string(f.Code)
	x.Result, x.Status = flow.ResultError, cdnfield.CacheStatus{}
	if f.Proxy != "" {
		value := cdnfield.AppendProxyStatus(nil, f.Proxy, f.Received)
		x.Reply.Extra = append(x.Reply.Extra, httpmsg.Field{Name: []byte("Proxy-Status"), Value: value})
	}
	if f.RetryAfter > 0 {
		x.Reply.Extra = append(x.Reply.Extra, field("Retry-After", strconv.Itoa(f.RetryAfter)))
	}
	page(x, f.Status, "", sentences[f.Status])
}

// OnlyIfCached answers a request that must not be forwarded and cannot be
// served (RFC 9111, 5.2.1.7).
func OnlyIfCached(x *flow.Exchange) {
	x.Release()
	x.Result, x.Status = flow.ResultError, cdnfield.CacheStatus{}
	page(x, 504, "", "Not in the cache, and the request asked for cached objects only.")
}

// sentences say what a viewer may know of a fault.
var sentences = map[int]string{
	400: "The content of the request is malformed.",
	403: "The object may not be read.",
	404: "Not found.",
	408: "The content of the request did not come in time.",
	413: "The content of the request is too long.",
	416: "The range asked for lies outside of the object.",
	499: "The request ended before its content did.",
	500: "Something went wrong here.",
	502: "The origin cannot be used at the moment.",
	503: "The origin is not available at the moment.",
	504: "The origin did not answer in time.",
}

// negative answers for an object that the origin does not have, as the cache
// remembers or was just told: with the age and the date of that.
func negative(x *flow.Exchange, m *flow.Meta) {
	r := &x.Reply
	age := r.Age
	text(x, m.Status, sentences[m.Status])
	r.Age = age
	for i := range r.Extra {
		if m.Date != nil && httpmsg.EqualFold(r.Extra[i].Name, "Date") {
			r.Extra[i].Value = m.Date
		}
	}
}

// text answers with a sentence and without a code. What the cache did stays to
// be seen, but not the age of what it has.
func text(x *flow.Exchange, status int, sentence string) {
	page(x, status, "", sentence)
}

// page fills the reply with a short page made by the edge: text, or JSON for
// those who prefer it. It is never stored by anyone.
func page(x *flow.Exchange, status int, code, sentence string) {
	r := &x.Reply
	r.Status, r.Block, r.Age = status, nil, -1
	x.ID = requestID()
	kind, body := "text/plain; charset=utf-8", []byte(sentence+"\n")
	if prefersJSON(x.Request.Fields) {
		kind, body = "application/json", pageJSON(status, code, sentence, x.ID)
	}
	r.Extra = append(r.Extra,
		field("Server", "Cistern"),
		httpmsg.Field{Name: []byte("Date"), Value: httpmsg.AppendDate(nil, x.Seconds())},
		field("Content-Type", kind),
		field("Cache-Control", "no-store"),
		field("X-Request-Id", x.ID),
	)
	r.Body = flow.Body{Mem: body, Len: int64(len(body))}
	r.NoBody = x.Head
}

func pageJSON(status int, code, sentence, id string) []byte {
	b, err := json.Marshal(struct {
		Status    int    `json:"status"`
		Code      string `json:"code,omitempty"`
		Detail    string `json:"detail"`
		RequestID string `json:"request_id"`
	}{status, code, sentence, id})
	if err != nil {
		panic("bug: encode error page: " + err.Error())
	}
	return append(b, '\n')
}

func field(name, value string) httpmsg.Field {
	return httpmsg.Field{Name: []byte(name), Value: []byte(value)}
}

func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// prefersJSON reports whether Accept gives application/json a greater weight
// than text/plain (RFC 9110, 12.5.1).
func prefersJSON(fields httpmsg.Fields) bool {
	list := fields.AppendJoined(nil, "Accept")
	var json, text weight
	for {
		member, rest, ok := httpmsg.CutMember(list)
		if !ok {
			return json.q > text.q
		}
		list = rest
		media, q := mediaRange(string(member))
		json.match(media, q, "application/json")
		text.match(media, q, "text/plain")
	}
}

// A weight is that of the most specific media range seen for a type.
type weight struct {
	q        float64
	specific int
}

func (w *weight) match(media string, q float64, kind string) {
	major, _, _ := strings.Cut(kind, "/")
	specific := 0
	switch media {
	case kind:
		specific = 3
	case major + "/*":
		specific = 2
	case "*/*":
		specific = 1
	}
	if specific > w.specific {
		w.q, w.specific = q, specific
	}
}

func mediaRange(member string) (media string, q float64) {
	parts := strings.Split(strings.ToLower(member), ";")
	q = 1
	for _, p := range parts[1:] {
		if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
	}
	return strings.TrimSpace(parts[0]), q
}
