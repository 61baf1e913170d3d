package deliver

import (
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
)

// readParts returns Content-Type, Content-Range and body of each part.
func readParts(t *testing.T, lines []string) (out []string) {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(strings.Join(values(lines, "Content-Type"), "|"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("Content-Type %q: %v", values(lines, "Content-Type"), err)
	}
	body := lines[len(lines)-1]
	if length := values(lines, "Content-Length"); len(length) != 1 || length[0] != fmt.Sprint(len(body)) {
		t.Errorf("Content-Length %q; the body has %d bytes", length, len(body))
	}
	in := multipart.NewReader(strings.NewReader(body), parameters["boundary"])
	for {
		p, err := in.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("read part of %q: %v", body, err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(p.Header["Content-Type"], "|")+"; "+strings.Join(p.Header["Content-Range"], "|")+"; "+string(content))
	}
}

// counted is a body in which every place can be told by its bytes.
func counted(size int) string {
	var b strings.Builder
	for b.Len() < size {
		fmt.Fprintf(&b, "%d,", b.Len())
	}
	return b.String()[:size]
}

func TestMultipart(t *testing.T) {
	body := counted(1000)
	fields := []string{"Content-Type: text/plain", `ETag: "v1"`, "Content-Language: de"}
	x := exchange(t, response{fields: fields, body: body}, flow.ResultHit, "Range: bytes=900-, 0-9,200-209,10-19")
	Object(x)
	lines := written(t, x)
	if x.Reply.Status != 206 || values(lines, "Content-Range") != nil || values(lines, "ETag") == nil || values(lines, "Content-Language") == nil || values(lines, "Age") == nil {
		t.Errorf("reply %q; want 206 with the fields of the object", lines[:len(lines)-1])
	}
	want := []string{
		"text/plain; bytes 900-999/1000; " + body[900:],
		"text/plain; bytes 0-19/1000; " + body[:20],
		"text/plain; bytes 200-209/1000; " + body[200:210],
	}
	if got := readParts(t, lines); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("parts %q; want %q", got, want)
	}
}

// Of what still grows, and for HEAD, several ranges are no reason to send
// anything but the whole.
func TestMultipartOfGrowing(t *testing.T) {
	x := exchange(t, response{body: counted(999), grows: 1000}, flow.ResultMiss, "Range: bytes=0-9,900-909")
	Object(x)
	if x.Reply.Status != 200 || x.Reply.Body.Len != 1000 {
		t.Errorf("growing: status %d, length %d; want 200, 1000", x.Reply.Status, x.Reply.Body.Len)
	}
	x = exchange(t, response{body: counted(1000)}, flow.ResultHit, "Range: bytes=0-9,900-909")
	x.Head = true
	Object(x)
	if x.Reply.Status != 200 || x.Reply.Body.Len != 1000 {
		t.Errorf("HEAD: status %d, length %d; want 200, 1000", x.Reply.Status, x.Reply.Body.Len)
	}
}

// Whatever set is asked for of an object of whatever size, each part holds the
// bytes that it names, and each byte asked for is in one.
func TestMultipartBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	body := counted(3 * flow.ChunkSize)
	for range 200 {
		size := 1 + random.IntN(len(body))
		var asked [][2]int
		var header []string
		for range 2 + random.IntN(10) {
			first := random.IntN(size)
			last := min(first+random.IntN(1+size/20), size-1)
			asked = append(asked, [2]int{first, last})
			header = append(header, fmt.Sprintf("%d-%d", first, last))
		}
		x := exchange(t, response{body: body[:size], fields: []string{"Content-Type: a/b"}}, flow.ResultHit, "Range: bytes="+strings.Join(header, ","))
		Object(x)
		lines := written(t, x)
		if x.Reply.Status != 206 {
			if sent := lines[len(lines)-1]; x.Reply.Status != 200 || sent != body[:size] {
				t.Fatalf("%v of %d: status %d, %d bytes; want the whole", header, size, x.Reply.Status, len(sent))
			}
			continue
		}
		parts := []string{"a/b; " + strings.Join(values(lines, "Content-Range"), "") + "; " + lines[len(lines)-1]}
		if values(lines, "Content-Range") == nil {
			parts = readParts(t, lines)
		}
		got := make([]bool, size)
		for _, p := range parts {
			var first, last, total int
			_, content, _ := strings.Cut(strings.TrimPrefix(p, "a/b; "), "; ")
			if _, err := fmt.Sscanf(p, "a/b; bytes %d-%d/%d;", &first, &last, &total); err != nil || total != size || content != body[first:last+1] {
				t.Fatalf("%v of %d: part %.80q does not hold its bytes (%v)", header, size, p, err)
			}
			for i := first; i <= last; i++ {
				got[i] = true
			}
		}
		for _, a := range asked {
			for i := a[0]; i <= a[1]; i++ {
				if !got[i] {
					t.Fatalf("%v of %d: byte %d is not sent", header, size, i)
				}
			}
		}
	}
}
