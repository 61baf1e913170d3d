package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A scenario is one case: requests of one viewer for resources of its own,
// one after the other on one connection.
type scenario struct {
	name  string
	rfc   string // the sections that decide, "9111 5.2.2.1"; "spec" for a choice of Cistern's
	zone  zone   // zero: default settings
	steps []step
}

// A zone is a zone with settings of its own. The zero value has none.
type zone struct{ name, settings string }

// host is the zone's first hostname.
func (z zone) host() string {
	if z.name == "" {
		return "default.test"
	}
	return z.name + ".test"
}

// alias is its second hostname.
func (z zone) alias() string { return "alias." + z.host() }

// A step is one request of the viewer, what the origin answers if it is
// asked, and what both must see.
//
// Wherever fields stand, "{now-3600}" is the time an hour before the case
// began, as an IMF-fixdate; "{now-3600 rfc850}", "… asctime" and any layout of
// Go's time package are other forms of it. "{base}" is the case's own path,
// "{host}" the host of its zone.
type step struct {
	// The request: GET of the case's own path, unless these say otherwise.
	method string
	path   string // appended to the case's path: "?a=1"
	host   string // default: the zone's
	http10 bool
	send   []string
	// content is sent after the fields, as it stands.
	content string
	// origin is what the origin answers, in order, each time that it is asked.
	origin []answer

	// from says where the answer comes from, and so what the origin is asked.
	from source
	// like is the step, from 1, that was answered by the origin with what
	// the viewer must get now; default: the newest such.
	like int
	// status and body differ from that answer's if they are set. The body of
	// an answer with another status is not compared unless body is set.
	status int
	body   string
	// multipart is what the parts of a multipart/byteranges body must be,
	// "text/plain bytes 0-1/100 ab".
	multipart []string
	// cut says that the body must not end as it should.
	cut bool
	// want is what the viewer's answer must hold, and asks what the origin's
	// last request must; see match.
	want, asks []string
	// interim is what the interim answers must be, "103 Link: </a>".
	interim []string
	// again repeats the step until it comes out so, for what the edge does
	// behind the viewer's back.
	again bool
}

// A source is where an answer comes from.
type source string

// The sources. Each includes what X-Cache, Cache-Status and Age must say.
const (
	fetched      source = "the origin"           // asked for the whole
	stored       source = "the store"            // not asked, fresh
	validated    source = "the store, validated" // asked, and it said 304
	staleBehind  source = "the store, stale, and the origin is asked behind it"
	staleUnasked source = "the store, stale, as the viewer allows"
	staleFailed  source = "the store, stale, as the origin failed"
	failed       source = "the edge, as the origin failed"
	refused      source = "the edge, without asking the origin"
	passed       source = "the origin, past the store" // asked for what no store holds
	anywhere     source = "anywhere"                   // both are legal: only the answer counts
)

// An answer is what the origin says once.
type answer struct {
	status int // zero: 200
	// fields are sent as they are. Date and Content-Length are added unless
	// they stand there; "-Date" leaves the Date out.
	fields []string
	// body is the content. "" means one that no other answer has, unless empty
	// says that there is none.
	body  string
	empty bool
	// interim are sent first, and the rest only when the viewer has seen
	// them, unless it should not: "103 Link: </a>", several fields separated
	// by "|".
	interim []string
	unseen  bool
	// chunked sends the body in two chunks, with trailers after them.
	chunked  bool
	trailers []string
	// fault is what goes wrong.
	fault fault
}

// A fault is a way of not answering as one should.
type fault string

// The faults.
const (
	drop  fault = "drop"  // the connection is closed instead of an answer
	short fault = "short" // it is closed before the last byte of the body
)

// with returns an answer of status 200 with fields.
func with(fields ...string) []answer { return []answer{{fields: fields}} }

// says returns an answer of another status.
func says(status int, fields ...string) []answer { return []answer{{status: status, fields: fields}} }

// dropped returns the lack of an answer.
func dropped() []answer { return []answer{{fault: drop}} }

// A row is a case of two equal requests: what the origin answers to the first
// decides where the answer to the second comes from.
type row struct {
	name   string
	second source
	fields []string
}

// twice makes cases of rows about one section.
func twice(rfc string, rows ...row) []scenario {
	var cases []scenario
	for _, r := range rows {
		cases = append(cases, scenario{name: r.name, rfc: rfc, steps: []step{
			{origin: with(r.fields...), from: fetched},
			{origin: with(), from: r.second},
		}})
	}
	return cases
}

// itoa shortens the building of names.
func itoa(n int) string { return strconv.Itoa(n) }

// fields makes rows readable.
func fields(lines ...string) []string { return lines }

// join concatenates parts of a subject.
func join(parts ...[]scenario) []scenario {
	var all []scenario
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// expand replaces what stands in braces. The braces of other things stay.
func expand(text, base, host string, now time.Time) string {
	text = strings.NewReplacer("{base}", base, "{host}", host).Replace(text)
	for {
		before, rest, found := strings.Cut(text, "{now")
		if !found {
			return text
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			panic(fmt.Sprintf("bug: no end of {now in %q", text))
		}
		text = before + formatTime(inside, now) + after
	}
}

// formatTime reads "+3600 layout".
func formatTime(inside string, now time.Time) string {
	shift, layout, _ := strings.Cut(inside, " ")
	if shift != "" {
		seconds, err := strconv.ParseInt(shift, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("bug: shift of time: %v", err))
		}
		now = now.Add(time.Duration(seconds) * time.Second)
	}
	switch layout {
	case "":
		layout = "Mon, 02 Jan 2006 15:04:05 GMT"
	case "rfc850":
		layout = "Monday, 02-Jan-06 15:04:05 GMT"
	case "asctime":
		layout = time.ANSIC
	}
	return now.UTC().Format(layout)
}
