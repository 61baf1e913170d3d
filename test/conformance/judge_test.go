package conformance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// run plays a scenario on the resources below base.
func (w *world) run(t *testing.T, base string, c scenario) {
	now := time.Now().Truncate(time.Second)
	p := &play{scenario: c, world: w, base: base, script: w.origin.script(base, c.zone.host(), now)}
	defer p.hangUp()
	for i, s := range c.steps {
		p.number = i + 1
		p.script.begin(s.origin)
		faults := p.step(s)
		if (s.again || i > 0 && c.steps[i-1].early()) && len(faults) > 0 {
			_ = await(func() error {
				faults = p.step(s)
				return errors.Join(faults...)
			})
		}
		if len(faults) > 0 {
			t.Fatalf("%s, RFC %s: step %d, which must come from %s:\n%v\n%s", base, c.rfc, p.number, s.from, errors.Join(faults...), p.last)
		}
	}
}

// early reports whether the viewer has its whole answer before the edge can
// have the origin's: without content, or a part of it. The next request may
// then join the fetch.
func (s *step) early() bool {
	return s.from == fetched && s.status != 0
}

// A play is a scenario being played.
type play struct {
	scenario
	world  *world
	base   string
	script *script
	number int
	conn   net.Conn // nil: not open
	in     *bufio.Reader
	shown  []told // what the viewer got from the origin, by step; zero for others
	last   string // the last request and its answer, for a failure
}

// A reply is what the viewer got.
type reply struct {
	status  int
	header  http.Header
	body    string
	interim []string
	err     error // why the body did not end as it should
}

// step plays one step and returns what is wrong.
func (p *play) step(s step) []error {
	got, err := p.request(s)
	if err != nil {
		return []error{err}
	}
	if s.from == staleBehind {
		p.script.wait(func() bool { return len(p.script.told) > 0 })
	}
	seen, answers := p.script.asked()
	p.last = got.describe(p.last)
	for _, r := range seen {
		p.last += fmt.Sprintf("the origin was asked: %s %s %v\n", r.Method, r.Target, r.Header)
	}
	faults := p.judgeAsked(s, len(seen))
	if p.shown = p.shown[:min(len(p.shown), p.number-1)]; len(answers) > 0 && (s.from == fetched || s.from == passed || s.from == anywhere) {
		p.shown = append(p.shown, answers[len(answers)-1])
	} else {
		p.shown = append(p.shown, told{})
	}
	faults = append(faults, p.judgeContent(s, got)...)
	faults = append(faults, judgeSource(s, got)...)
	for _, line := range s.want {
		faults = append(faults, match("viewer", got.header, p.expand(line)))
	}
	if len(s.asks) > 0 && len(seen) > 0 {
		r := seen[len(seen)-1]
		r.Header = r.Header.Clone()
		r.Header["Target"], r.Header["Method"] = []string{r.Target}, []string{r.Method}
		for _, line := range s.asks {
			faults = append(faults, match("origin", r.Header, p.expand(line)))
		}
	}
	return slices.DeleteFunc(faults, func(err error) bool { return err == nil })
}

func (p *play) expand(text string) string { return p.script.expand(text) }

// judgeAsked compares how often the origin was asked.
func (p *play) judgeAsked(s step, n int) []error {
	least, most := max(1, len(s.origin)), max(1, len(s.origin))
	switch s.from {
	case stored, staleUnasked, refused:
		least, most = 0, 0
	case anywhere:
		least = 0
	}
	safe := s.method == "" || s.method == http.MethodGet || s.method == http.MethodHead
	if safe && len(s.origin) > 0 && s.origin[len(s.origin)-1].fault == drop {
		most = math.MaxInt // an idle connection that ends may be another's fault: others are tried
	}
	if n < least || n > most {
		return []error{fmt.Errorf("origin asked %d times; want %d", n, least)}
	}
	return nil
}

// judgeContent compares status and body.
func (p *play) judgeContent(s step, got *reply) []error {
	var faults []error
	var want told
	switch {
	case s.like > 0:
		want = p.shown[s.like-1]
	default:
		for i := len(p.shown) - 1; i >= 0 && want.status == 0; i-- {
			want = p.shown[i]
		}
	}
	if s.status != 0 && s.status != want.status || s.from == failed || s.from == refused {
		want = told{status: s.status, body: got.body}
	}
	if s.body != "" {
		want.body = s.body
	}
	if s.method == http.MethodHead || got.status == http.StatusNoContent || got.status == http.StatusNotModified {
		want.body = ""
	}
	if want.status != got.status {
		faults = append(faults, fmt.Errorf("status %d; want %d", got.status, want.status))
	}
	if s.cut != (got.err != nil) {
		faults = append(faults, fmt.Errorf("body ended with %v; want a cut: %t", got.err, s.cut))
	}
	if s.multipart != nil {
		want.body = got.body
		if parts := splitParts(got); !slices.Equal(parts, s.multipart) {
			faults = append(faults, fmt.Errorf("parts %q; want %q", parts, s.multipart))
		}
	}
	if want.body != got.body && !s.cut {
		faults = append(faults, fmt.Errorf("body %q; want %q", got.body, want.body))
	}
	if !slices.Equal(got.interim, s.interim) {
		faults = append(faults, fmt.Errorf("interim answers %q; want %q", got.interim, s.interim))
	}
	return faults
}

// judgeSource compares what the answer says of its source (RFC 9211, and
// RFC 9111, 5.1).
func judgeSource(s step, got *reply) []error {
	var want []string
	switch s.from {
	case fetched:
		want = []string{`X-Cache ~ ^(MISS|BYPASS)$`, `Cache-Status ~ cistern; ?fwd=(bypass|uri-miss|vary-miss|stale|request|partial|miss)\b[^,]*; ?fwd-status=\d`}
	case stored:
		want = []string{`X-Cache: HIT`, `Cache-Status ~ cistern; ?hit; ?ttl=\d+[^,]*$`}
		if got.status != http.StatusPreconditionFailed && got.status != http.StatusRequestedRangeNotSatisfiable {
			want = append(want, `Age >= 0`)
		}
	case validated:
		want = []string{`X-Cache: REVALIDATED`, `Cache-Status ~ cistern; ?fwd=(stale|request|vary-miss)\b[^,]*; ?fwd-status=304`, `Age >= 0`}
	case staleBehind:
		want = []string{`X-Cache: STALE`, `Cache-Status ~ cistern; ?hit; ?ttl=(-\d+|0)[^,]*$`, `Age >= 0`}
	case staleUnasked:
		want = []string{`X-Cache ~ ^(HIT|STALE)$`, `Cache-Status ~ cistern; ?hit; ?ttl=-\d+[^,]*$`, `Age >= 0`}
	case staleFailed:
		want = []string{`X-Cache: STALE`, `Cache-Status ~ cistern; ?fwd=stale\b[^,]*; ?ttl=(-\d+|0)`, `Age >= 0`}
	case failed:
		want = []string{`X-Cache: ERROR`, `!Cache-Status`, `Proxy-Status ~ ^cistern; ?error=`, `!Age`}
	case refused:
		want = []string{`!Cache-Status`, `!Age`}
	case passed:
		want = []string{`X-Cache: BYPASS`, `Cache-Status ~ cistern; ?fwd=(method|bypass|request)\b`}
	}
	var faults []error
	for _, line := range want {
		faults = append(faults, match("viewer", got.header, line))
	}
	return append(faults, match("viewer", got.header, "Date"))
}

// match checks one thing about fields. It is
//
//	Name: value     the field is there, with this value; lines are joined by ", "
//	Name            it is there
//	!Name           it is not
//	Name ~ REGEXP   its value, lines joined, matches
//	Name >= 60      it is one number on one line, at least so large
//	Name < 60       … below that
//	Name = 2        it has so many lines
func match(who string, header http.Header, line string) error {
	parts := matcher.FindStringSubmatch(line)
	if parts == nil {
		panic(fmt.Sprintf("bug: no such check: %q", line))
	}
	name, operator, operand := parts[2], parts[3], parts[4]
	values, there := header[http.CanonicalHeaderKey(name)]
	joined := strings.Join(values, ", ")
	number, _ := strconv.Atoi(operand)
	actual, notNumber := strconv.Atoi(joined)
	ok := there
	switch {
	case parts[1] == "!":
		ok = !there
	case operator == ":":
		ok = there && joined == strings.TrimSpace(operand)
	case operator == "~":
		ok = there && regexp.MustCompile(operand).MatchString(joined)
	case operator == ">=":
		ok = notNumber == nil && actual >= number
	case operator == "<":
		ok = notNumber == nil && actual < number
	case operator == "=":
		ok = len(values) == number
	}
	if ok {
		return nil
	}
	return fmt.Errorf("%s saw %s = %q; want %s", who, name, values, line)
}

var matcher = regexp.MustCompile(`^(!?)([^ :]+)(?:(:| ~| >=| <| =) ?(.*))?$`)

// request sends the request of a step and reads the answer.
func (p *play) request(s step) (*reply, error) {
	if p.conn == nil {
		conn, err := net.Dial("tcp", p.world.http)
		if err != nil {
			return nil, err
		}
		p.conn, p.in = conn, bufio.NewReader(conn)
	}
	if err := p.conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return nil, err
	}
	text := p.requestText(s)
	p.last = "the viewer sent:\n" + text
	if _, err := io.WriteString(p.conn, text); err != nil {
		return nil, err
	}
	return p.read(&http.Request{Method: s.method})
}

func (p *play) requestText(s step) string {
	method, host, version := s.method, s.host, "HTTP/1.1"
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = p.zone.host()
	}
	if s.http10 {
		version = "HTTP/1.0"
	}
	target := p.base + p.expand(s.path)
	lines := append([]string{method + " " + target + " " + version, "Host: " + p.expand(host)}, s.send...)
	for i := range lines {
		lines[i] = p.expand(lines[i])
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + s.content
}

// read reads interim answers and the final one.
func (p *play) read(r *http.Request) (*reply, error) {
	got := &reply{}
	for {
		answer, err := http.ReadResponse(p.in, r)
		if err != nil {
			p.hangUp()
			return nil, fmt.Errorf("read answer: %w", err)
		}
		if answer.StatusCode/100 == 1 {
			got.interim = append(got.interim, describeInterim(answer))
			p.script.show()
			continue
		}
		got.status, got.header = answer.StatusCode, answer.Header
		if answer.ContentLength >= 0 && len(answer.Header["Content-Length"]) == 0 && len(answer.TransferEncoding) == 0 && answer.StatusCode != 204 && answer.StatusCode != 304 {
			return nil, errors.New("the answer has neither Content-Length nor Transfer-Encoding")
		}
		body, err := io.ReadAll(answer.Body)
		got.body, got.err = string(body), err
		for name, values := range answer.Trailer {
			got.header["Trailer-"+name] = values
		}
		if answer.Close || err != nil {
			p.hangUp()
		}
		return got, nil
	}
}

// hangUp closes the viewer's connection; the next request opens another.
func (p *play) hangUp() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// splitParts returns the parts of a multipart/byteranges body in the form in
// which cases name them.
func splitParts(got *reply) []string {
	_, parameters, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	if err != nil {
		return []string{err.Error()}
	}
	var parts []string
	for in := multipart.NewReader(strings.NewReader(got.body), parameters["boundary"]); ; {
		part, err := in.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			return append(parts, err.Error())
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return append(parts, err.Error())
		}
		parts = append(parts, part.Header.Get("Content-Type")+" "+part.Header.Get("Content-Range")+" "+string(text))
	}
}

// describeInterim returns the form in which cases name an interim answer.
func describeInterim(answer *http.Response) string {
	text := strconv.Itoa(answer.StatusCode)
	for _, value := range answer.Header["Link"] {
		text += " Link: " + value
	}
	return text
}

// describe adds the reply to what is said in a failure.
func (r *reply) describe(request string) string {
	text := fmt.Sprintf("%sand got:\n%d\n", request, r.status)
	for name, values := range r.header {
		for _, value := range values {
			text += name + ": " + value + "\n"
		}
	}
	return fmt.Sprintf("%s\n%.200q\n", text, r.body)
}
