package origin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cistern-cdn/cistern/internal/edge/flow"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
	"github.com/cistern-cdn/cistern/internal/spec/httpmsg"
	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
)

// userAgent is what origins see, unless a viewer's own passes.
const userAgent = "Cistern"

// unescape undoes the strict form.
func unescape(strict string) string {
	path, err := url.PathUnescape(strict)
	if err != nil {
		panic("bug: strict path " + strict + ": " + err.Error())
	}
	return path
}

// request builds what is sent at the time now. Path and RawPath together make
// net/http write the strict form byte for byte, "//" and ".." included.
func (t *try) request(ctx context.Context, now time.Time) *http.Request {
	e := &t.member.Endpoint
	method := sigv4.Method(t.head)
	r := &http.Request{
		Method: method.String(),
		URL:    &url.URL{Scheme: e.Scheme, Host: e.Address(), Path: t.path, RawPath: t.wire},
		Host:   e.HostHeader,
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 10),
	}
	if t.fetch.Method == "" {
		r.Body = nothing{}
	}
	query := string(t.fetch.Query)
	r.URL.RawQuery, r.URL.ForceQuery = query, t.fetch.HasQ
	if t.signer == nil {
		t.copyViewer(r)
		if t.fetch.Method != "" {
			t.through(r)
		}
	} else {
		r.Header["User-Agent"] = []string{userAgent}
		h := t.signer.Sign(method, r.Host, t.wire, query, now)
		r.Header["Authorization"] = []string{h.Authorization}
		r.Header["X-Amz-Date"] = []string{h.Date}
		r.Header["X-Amz-Content-Sha256"] = []string{h.ContentSHA256}
		if h.Token != "" {
			r.Header["X-Amz-Security-Token"] = []string{h.Token}
		}
		if e.AcceptEncoding != "" {
			r.Header["Accept-Encoding"] = []string{e.AcceptEncoding}
		}
	}
	f := t.fetch
	via := f.Viewer.AppendJoined(nil, "Via")
	if t.signer != nil || len(via) == 0 {
		via = via[:0]
	} else {
		via = append(via, ", "...)
	}
	r.Header["Via"] = []string{string(append(append(via, "1.1 "...), t.client.Pseudonym...))}
	loop := f.Viewer.AppendJoined(nil, "CDN-Loop")
	r.Header["Cdn-Loop"] = []string{string(cdnfield.AppendCDNLoop(nil, loop, t.client.Pseudonym))}
	switch {
	case t.probe:
		r.Header["Range"] = []string{"bytes=0-0"}
	case f.IfNoneMatch != "":
		r.Header["If-None-Match"] = []string{f.IfNoneMatch}
	}
	if f.IfModifiedSince != "" && !t.probe {
		r.Header["If-Modified-Since"] = []string{f.IfModifiedSince}
	}
	return r.WithContext(ctx)
}

// signable reports whether a query, in the form that is signed, holds nothing
// but parameters that choose an object's version or form. A bucket takes all
// others as commands, and a signature would make them the owner's.
func signable(query []byte) bool {
	for pair := range bytes.SplitSeq(query, []byte("&")) {
		switch name, _, _ := bytes.Cut(pair, []byte("=")); string(name) {
		case "", "versionId", "x-oss-process":
		default:
			return false
		}
	}
	return true
}

// copyViewer takes over the end-to-end fields, which a plain origin gets from
// the viewer.
func (t *try) copyViewer(r *http.Request) {
	f := t.fetch
	travels := flow.Travels
	if f.Method != "" {
		travels = flow.TravelsThrough
	}
	for i := range f.Viewer {
		name := http.CanonicalHeaderKey(string(f.Viewer[i].Name))
		if !travels(f.Viewer[i].Name) || f.Viewer.HasToken("Connection", name) {
			continue
		}
		r.Header[name] = append(r.Header[name], string(f.Viewer[i].Value))
	}
	if r.Header["User-Agent"] == nil {
		r.Header["User-Agent"] = []string{userAgent}
	}
	set := func(name, value string) {
		if value != "" {
			r.Header[name] = []string{value}
		}
	}
	set("X-Forwarded-For", f.ViewerAddr)
	set("X-Forwarded-Host", f.ViewerHost)
	set("X-Forwarded-Proto", f.Scheme)
}

// ofConnection reports whether a field, given its canonical name, is for one
// connection or for the next proxy only.
func ofConnection(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authorization", "Proxy-Authenticate", "Proxy-Authentication-Info":
		return true
	}
	return false
}

// fields lists the end-to-end fields of a response, lines of one name in the
// order they came and names sorted, as net/http keeps no order of names. A
// value that could not be passed on as it is, such as one with a bare CR, is
// an error: net/http lets it through.
func fields(h http.Header) (httpmsg.Fields, error) {
	dropped := httpmsg.Fields{}
	size, n := 0, 0
	for name, values := range h {
		for _, v := range values {
			if name == "Connection" {
				dropped = append(dropped, httpmsg.Field{Name: []byte(name), Value: []byte(v)})
			}
			size += len(name) + len(v)
			n++
		}
	}
	text := make([]byte, 0, size)
	keep := func(s string) []byte {
		start := len(text)
		text = append(text, s...)
		return text[start:len(text):len(text)]
	}
	out := make(httpmsg.Fields, 0, n)
	for _, name := range sortedNames(h) {
		// The length of the body is told by Answer.Length.
		if ofConnection(name) || name == "Content-Length" || dropped.HasToken("Connection", name) {
			continue
		}
		for _, v := range h[name] {
			if !httpmsg.ValidValue(v) {
				return nil, fmt.Errorf("read header: value of %s is not valid", name)
			}
			out = append(out, httpmsg.Field{Name: keep(name), Value: keep(v)})
		}
	}
	return out, nil
}
