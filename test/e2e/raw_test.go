package e2e

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rawTable is "raw FILE": it sends each request of a table as raw bytes on a
// connection of its own and compares what comes of it. A row is
//
//	verdict  quoted bytes…  # why
//
// The verdict is the status of every answer, followed by "open" if the
// connection then serves another request, else "close". Several answers are
// joined by commas: "200,404,open". "400|505,close" allows two. The bytes
// are Go strings, which are joined; "%s*1000" repeats one.
func rawTable(c *call) {
	c.usage(len(c.args) == 1 && !c.neg, "FILE")
	failed, rows := 0, 0
	for number, line := range strings.Split(c.ReadFile(c.args[0]), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		want, bytes, err := parseRow(line)
		if err != nil {
			c.Fatalf("%s:%d: %v", c.args[0], number+1, err)
		}
		rows++
		got, err := sendRaw(c.http, bytes)
		if err != nil {
			c.Fatalf("%s:%d: %v", c.args[0], number+1, err)
		}
		if !matches(got, want) {
			failed++
			c.Logf("%s:%d: got %s; want %s\n\t%s", c.args[0], number+1, got, want, line)
		}
	}
	if failed > 0 {
		c.Fatalf("%d of %d rows failed", failed, rows)
	}
	c.print("%d rows\n", rows)
}

// parseRow splits a row into its verdict and the bytes to send.
func parseRow(line string) (want, bytes string, err error) {
	want, rest, _ := strings.Cut(line, " ")
	for rest = strings.TrimSpace(rest); rest != "" && rest[0] != '#'; rest = strings.TrimSpace(rest) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return "", "", err
		}
		part, err := strconv.Unquote(quoted)
		if err != nil {
			return "", "", err
		}
		rest = rest[len(quoted):]
		if times, ok := strings.CutPrefix(rest, "*"); ok {
			count, after, _ := strings.Cut(times, " ")
			n, err := strconv.Atoi(count)
			if err != nil {
				return "", "", err
			}
			part, rest = strings.Repeat(part, n), after
		}
		bytes += part
	}
	if bytes == "" {
		return "", "", errors.New("row without bytes")
	}
	return want, bytes, nil
}

// matches compares verdicts part by part; a part of want may name several
// statuses.
func matches(got, want string) bool {
	gots, wants := strings.Split(got, ","), strings.Split(want, ",")
	if len(gots) != len(wants) {
		return false
	}
	for i := range gots {
		if !strings.Contains("|"+wants[i]+"|", "|"+gots[i]+"|") {
			return false
		}
	}
	return true
}

// probe is a request that no zone serves. Its target is told apart from the
// others by nothing but coming last.
const probe = "GET /probe HTTP/1.1\r\nHost: probe.invalid\r\n\r\n"

// sendRaw returns the verdict on bytes.
func sendRaw(addr, bytes string) (verdict string, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, bytes); err != nil && !gone(err) {
		return "", err
	}
	method, _, _ := strings.Cut(strings.TrimLeft(bytes, "\r\n"), " ")
	in := bufio.NewReader(conn)
	var parts []string
	for len(parts) < 20 {
		answer, err := http.ReadResponse(in, &http.Request{Method: method})
		if gone(err) {
			return strings.Join(append(parts, "close"), ","), nil
		}
		if err != nil {
			return "", err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil && !gone(err) {
			return "", err
		}
		parts = append(parts, strconv.Itoa(answer.StatusCode))
		if answer.Close {
			return closing(in, parts)
		}
		if len(parts) == 1 {
			// An error is seen by reading; the answer is 404, and the last.
			_, _ = io.WriteString(conn, probe)
			method = "GET"
			continue
		}
		if answer.StatusCode == http.StatusNotFound && in.Buffered() == 0 && !strings.Contains(bytes, "probe.invalid") {
			return strings.Join(append(parts[:len(parts)-1], "open"), ","), nil
		}
	}
	return strings.Join(append(parts, "…"), ","), nil
}

// closing reads what follows an answer that announced the end: nothing may.
func closing(in *bufio.Reader, parts []string) (verdict string, err error) {
	rest, err := io.ReadAll(in)
	if err != nil && !gone(err) {
		return "", err
	}
	for range strings.Count(string(rest), "HTTP/1.") {
		parts = append(parts, "another")
	}
	return strings.Join(append(parts, "close"), ","), nil
}

// gone reports that the other side closed the connection.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, os.ErrClosed)
}
