package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net"
	"net/http"
	"strings"
)

// A demoObject is one that the bucket holds.
type demoObject struct {
	key, contentType string
	size             int64
	body             func() io.ReadSeeker
}

// objects returns objects of different kinds: the first is the one that is
// fetched twice.
func objects() []demoObject {
	made := func(key, contentType string, content []byte) demoObject {
		return demoObject{key, contentType, int64(len(content)), func() io.ReadSeeker { return bytes.NewReader(content) }}
	}
	const film = 50 << 20
	return []demoObject{
		made(object, "text/plain", []byte("Hello from a private bucket.\n")),
		made("sunset.png", "image/png", picture()),
		{"film.bin", "application/octet-stream", film, func() io.ReadSeeker { return io.NewSectionReader(noise{}, 0, film) }},
		made("Gr\u00fc\u00dfe aus K\u00f6ln.txt", "text/plain", []byte("A key with spaces and letters of all kinds.\n")),
	}
}

// picture draws a sky.
func picture() []byte {
	const width, height = 320, 200
	sky := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			sky.Set(x, y, color.RGBA{R: uint8(90 + y*165/height), G: uint8(60 + y*90/height), B: uint8(140 - y*100/height), A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, sky); err != nil {
		panic(fmt.Sprintf("bug: encode picture: %v", err))
	}
	return b.Bytes()
}

// noise is an endless body without pattern.
type noise struct{}

// ReadAt never fails.
func (noise) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		n := uint64(off) + uint64(i)
		n ^= n >> 33
		n *= 0xff51afd7ed558ccd
		p[i] = byte(n >> 56)
	}
	return len(p), nil
}

// newSecret returns a secret key for this run.
func newSecret() string { return rand.Text() + rand.Text() }

// address returns the wanted address, or a free one, which it announces.
func address(want string) string {
	l, err := net.Listen("tcp", want)
	if err == nil {
		l.Close()
		return want
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return want // serve will say why
	}
	defer l.Close()
	fmt.Printf("  (%s is taken: %s instead)\n", want, l.Addr())
	return l.Addr().String()
}

// An answer is what a viewer got.
type answer struct {
	code   int
	status string // "HTTP/1.1 200 OK"
	header http.Header
	body   []byte
}

func (a *answer) field(name string) string { return a.header.Get(name) }

// fetch sends one GET, for host if that is not empty.
func fetch(ctx context.Context, url, host string) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if host != "" {
		request.Host = host
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return &answer{response.StatusCode, response.Proto + " " + response.Status, response.Header, body}, err
}

// print returns the answer as curl -i shows it, less the fields that are of
// no interest here.
func (a *answer) print() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s\n", a.status)
	for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Age", "X-Cache", "Cache-Status"} {
		if value := a.field(name); value != "" {
			fmt.Fprintf(&b, "  %s: %s\n", strings.Replace(name, "Etag", "ETag", 1), value)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", indent(string(a.body)))
	return b.String()
}

func heading(text string) { fmt.Printf("\n\u2014 %s\n", text) }

func command(text string) { fmt.Println("$ " + text) }

// indent sets lines off from commands and headings.
func indent(text string) string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

// abridge keeps what matters here of a long description.
func abridge(description string) string {
	lines := strings.Split(description, "\n")
	if len(lines) < 10 {
		return description
	}
	var kept []string
	for _, line := range lines {
		for _, label := range []string{"zone ", "hostnames ", "url ", "bucket ", "signature ", "access key ", "secret key ", "warning"} {
			if value, ok := strings.CutPrefix(line, label); ok {
				kept = append(kept, fmt.Sprintf("%-12s%s", label, strings.TrimSpace(value)))
			}
		}
	}
	return strings.Join(append(kept, "…"), "\n")
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
