package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// An exchange is one request of a viewer and its answer, on a connection of
// its own.
type exchange struct {
	conn   net.Conn
	early  []*http.Response // interim responses, all before the answer
	answer *http.Response
	hash   hash.Hash
	length int64
	text   []byte // first bytes of the body
}

// maxText is how much of a body is printed, if it is text.
const maxText = 300

// A request is what "fetch" and its like send.
type request struct {
	method string
	fields []string // Host first, unless the script sets it
	target string
}

func (q *request) bytes() string {
	fields := q.fields
	if !slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(strings.ToLower(f), "host:") }) {
		fields = append([]string{"Host: cdn.test"}, fields...)
	}
	return q.method + " " + q.target + " HTTP/1.1\r\n" + strings.Join(append(fields, "Connection: close"), "\r\n") + "\r\n\r\n"
}

// parseRequest reads "[-X METHOD] [-H FIELD]… TARGET". Nothing is done to
// the target: a viewer may send anything.
func (c *call) parseRequest(args []string) *request {
	q := &request{method: "GET"}
	for len(args) > 2 && (args[0] == "-X" || args[0] == "-H") {
		if args[0] == "-X" {
			q.method = args[1]
		} else {
			q.fields = append(q.fields, args[1])
		}
		args = args[2:]
	}
	c.usage(len(args) == 1, "[-X METHOD] [-H FIELD]… TARGET")
	q.target = args[0]
	return q
}

// fetch sends a request and prints its answer: status, fields, and the
// length, hash and (of short text) words of the body.
func fetch(c *call) {
	x, err := c.begin(c.parseRequest(c.args), nil)
	if err == nil {
		err = x.readAll()
		x.close()
		c.show(x)
	}
	c.outcome(err)
}

// until repeats a request until its answer has the status.
func until(c *call) {
	c.usage(len(c.args) >= 2 && !c.neg, "STATUS [-X METHOD] [-H FIELD]… TARGET")
	q := c.parseRequest(c.args[1:])
	c.Check(await("status "+c.args[0], func() (bool, error) {
		x, err := c.begin(q, nil)
		if err != nil {
			return false, err
		}
		defer x.close()
		return strconv.Itoa(x.answer.StatusCode) == c.args[0], nil
	}))
}

// open sends a request and returns at the first byte of the body.
func open(c *call) {
	c.usage(len(c.args) >= 2 && c.halves[c.args[0]] == nil && !c.neg, "NAME [-X METHOD] [-H FIELD]… TARGET")
	x, err := c.begin(c.parseRequest(c.args[1:]), nil)
	c.Check(err)
	c.halves[c.args[0]] = x
	c.Check(x.read(1))
}

// finish reads what open left unread.
func finish(c *call) {
	c.usage(len(c.args) == 1 && c.halves[c.args[0]] != nil, "NAME, after open")
	x := c.halves[c.args[0]]
	delete(c.halves, c.args[0])
	err := x.readAll()
	c.show(x)
	x.close()
	c.outcome(err)
}

// begin dials the edge, from a local address if that is not nil, sends q and
// reads the head of the answer.
func (w *world) begin(q *request, from *net.TCPAddr) (*exchange, error) {
	dialer := net.Dialer{Timeout: patience}
	if from != nil {
		dialer.LocalAddr = from
	}
	conn, err := dialer.Dial("tcp", w.http)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	x := &exchange{conn: conn, hash: sha256.New()}
	if _, err := io.WriteString(conn, q.bytes()); err != nil {
		x.close()
		return nil, err
	}
	for in := bufio.NewReader(conn); ; {
		x.answer, err = http.ReadResponse(in, &http.Request{Method: q.method})
		if err != nil {
			x.close()
			return nil, fmt.Errorf("read answer: %w", err)
		}
		if x.answer.StatusCode >= 200 {
			return x, nil
		}
		x.early = append(x.early, x.answer)
	}
}

// read reads at least n more bytes of the body.
func (x *exchange) read(n int64) error { return x.copy(io.LimitReader(x.answer.Body, n)) }

func (x *exchange) readAll() error { return x.copy(x.answer.Body) }

func (x *exchange) copy(from io.Reader) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		x.hash.Write(buffer[:n])
		x.length += int64(n)
		if room := maxText - len(x.text); room > 0 {
			x.text = append(x.text, buffer[:min(n, room)]...)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read body after %d bytes: %w", x.length, err)
		}
	}
}

func (x *exchange) sum() string { return hex.EncodeToString(x.hash.Sum(nil)) }

func (x *exchange) close() { x.conn.Close() }

// show prints what came of an exchange.
func (c *call) show(x *exchange) {
	for _, early := range x.early {
		c.print("early %d\n", early.StatusCode)
		for _, name := range slices.Sorted(maps.Keys(early.Header)) {
			c.print("early %s: %s\n", name, strings.Join(early.Header[name], ", "))
		}
	}
	c.print("%d\n", x.answer.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(x.answer.Header)) {
		for _, value := range x.answer.Header[name] {
			c.print("%s: %s\n", name, value)
		}
	}
	c.print("body: %d bytes, sha256 %s\n", x.length, x.sum())
	if x.length > 0 && x.length <= maxText && utf8.Valid(x.text) && x.text[0] >= ' ' {
		c.print("text: %s\n", strings.TrimSuffix(string(x.text), "\n"))
	}
}

// viewers lets N viewers ask at once for an object whose second part the
// stub holds back. Only when all of them have seen the first byte is the
// rest released; so none of them can have waited for the whole body.
func viewers(c *call) {
	c.usage(len(c.args) == 2 && c.stub != nil && !c.neg, "N TARGET, after stub")
	n, err := strconv.Atoi(c.args[0])
	c.Check(err)
	q := &request{method: "GET", target: c.args[1]}
	exchanges := make([]*exchange, n)
	errs := make([]error, n)
	each(n, func(i int) {
		// Several loopback addresses, as one viewer may not have so many connections.
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))}
		if exchanges[i], errs[i] = c.begin(q, from); errs[i] == nil {
			errs[i] = exchanges[i].read(1)
		}
	})
	c.Check(firstError(errs))
	c.Check(c.stub.Release(c.ctx()))
	each(n, func(i int) {
		errs[i] = exchanges[i].readAll()
		exchanges[i].close()
	})
	c.Check(firstError(errs))
	bodies, results := map[string]int{}, map[string]int{}
	for _, x := range exchanges {
		bodies[fmt.Sprintf("%d bytes, sha256 %s", x.length, x.sum())]++
		results[strconv.Itoa(x.answer.StatusCode)+" "+x.answer.Header.Get("X-Cache")]++
	}
	c.printCounts("body", bodies)
	c.printCounts("answer", results)
}

// load sends n requests over the targets in turn, four at a time.
func load(c *call) {
	c.usage(len(c.args) >= 2 && !c.neg, "N TARGET…")
	n, err := strconv.Atoi(c.args[0])
	c.Check(err)
	results := make([]string, n)
	errs := make([]error, n)
	var next atomic.Int64
	each(4, func(int) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			target := c.args[1+i%(len(c.args)-1)]
			var x *exchange
			if x, errs[i] = c.begin(&request{method: "GET", target: target}, nil); errs[i] != nil {
				continue
			}
			errs[i] = x.readAll()
			results[i] = strconv.Itoa(x.answer.StatusCode)
			x.close()
		}
	})
	c.Check(firstError(errs))
	counts := map[string]int{}
	for _, result := range results {
		counts[result]++
	}
	c.printCounts("answer", counts)
}

// dribble opens connections that send half a head and then stay, until the
// end of the script.
func dribble(c *call) {
	c.usage(len(c.args) == 1 && !c.neg, "N")
	n, err := strconv.Atoi(c.args[0])
	c.Check(err)
	for range n {
		conn, err := net.Dial("tcp", c.http)
		c.Check(err)
		c.Defer(func() { conn.Close() })
		_, err = io.WriteString(conn, "GET /a HTTP/1.1\r\nHost: cdn.te")
		c.Check(err)
	}
}

// refused waits until the edge accepts no connection.
func refused(c *call) {
	c.usage(len(c.args) == 0 && !c.neg, "")
	c.Check(await("refused connections", func() (bool, error) {
		conn, err := net.Dial("tcp", c.http)
		if err != nil {
			return true, nil
		}
		return false, conn.Close()
	}))
}

// printCounts prints a line for each value with the number of its occurrences.
func (c *call) printCounts(what string, counts map[string]int) {
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		c.print("%d × %s: %s\n", counts[value], what, value)
	}
}

// each calls f(0) … f(n-1) concurrently and waits.
func each(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func firstError(errs []error) error {
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("viewer %d: %w", i, err)
		}
	}
	return nil
}
