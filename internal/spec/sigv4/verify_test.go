package sigv4

import (
	"strings"
	"testing"
	"time"
)

func TestVerifyRefuses(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	withToken := Credentials{AccessKey: "TEMP", Secret: "s", Token: "token"}
	v := Verifier{Lookup: lookup(example, withToken), Region: "eu-central-1", Service: "s3"}
	signed := func(cred Credentials, region string) *Request {
		s := NewSigner(NewKeys(), cred, region, "s3", PayloadUnsigned)
		return sent(GET, "host", "/bucket/key", "", s.Sign(GET, "host", "/bucket/key", "", now))
	}
	presigned := func(cred Credentials, at time.Time) *Request {
		s := NewSigner(NewKeys(), cred, "eu-central-1", "s3", PayloadUnsigned)
		query, err := s.Presign(GET, "host", "/bucket/key", "", at, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return &Request{Method: "GET", Host: "host", Path: "/bucket/key", Query: query}
	}
	edit := func(r *Request, edit func(*Request)) *Request { edit(r); return r }
	auth := func(old, new string) *Request {
		r := signed(example, "eu-central-1")
		r.Header["Authorization"][0] = strings.Replace(r.Header["Authorization"][0], old, new, 1)
		return r
	}
	tests := []struct {
		name string
		r    *Request
		at   time.Time // zero: now
		want string
	}{
		{name: "good", r: signed(example, "eu-central-1")},
		{name: "good with token", r: signed(withToken, "eu-central-1")},
		{name: "good presigned", r: presigned(example, now)},
		{name: "good presigned with token", r: presigned(withToken, now)},
		{name: "path in another spelling", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Path = "/bucket%2f%6bey" })},

		{name: "not signed", r: &Request{Method: "GET", Host: "host", Path: "/"}, want: "AccessDenied"},
		{name: "signed twice", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Query = presigned(example, now).Query }), want: "InvalidArgument"},
		{name: "two Authorization fields", r: edit(signed(example, "eu-central-1"), func(r *Request) {
			r.Header["authorization"] = r.Header["Authorization"]
		}), want: "InvalidArgument"},
		{name: "other scheme", r: auth("AWS4-HMAC-SHA256 ", "Basic "), want: "InvalidArgument"},
		{name: "no credential", r: auth("Credential=", "Cred="), want: "AuthorizationHeaderMalformed"},
		{name: "credential without terminator", r: auth("aws4_request", "aws4"), want: "AuthorizationHeaderMalformed"},
		{name: "part twice", r: auth("SignedHeaders=", "Signature=a, SignedHeaders="), want: "AuthorizationHeaderMalformed"},
		{name: "part missing", r: auth(", Signature=", ""), want: "AuthorizationHeaderMalformed"},
		{name: "other day in scope", r: auth("20260304", "20260305"), want: "AuthorizationHeaderMalformed"},
		{name: "host not signed", r: auth("host;", ""), want: "AuthorizationHeaderMalformed"},
		{name: "names out of order", r: auth("host;x-amz-content-sha256", "x-amz-content-sha256;host"), want: "AuthorizationHeaderMalformed"},
		{name: "signed field not sent", r: auth("host;", "host;range;"), want: "AccessDenied"},
		{name: "wrong region", r: signed(example, "us-east-1"), want: "AuthorizationHeaderMalformed"},
		{name: "other service", r: auth("/s3/", "/sts/"), want: "AuthorizationHeaderMalformed"},
		{name: "unknown key", r: signed(Credentials{AccessKey: "nobody", Secret: "s"}, "eu-central-1"), want: "InvalidAccessKeyId"},
		{name: "wrong secret", r: signed(Credentials{AccessKey: example.AccessKey, Secret: "s"}, "eu-central-1"), want: "SignatureDoesNotMatch"},
		{name: "token missing", r: signed(Credentials{AccessKey: "TEMP", Secret: "s"}, "eu-central-1"), want: "InvalidToken"},
		{name: "token where none belongs", r: signed(Credentials{AccessKey: example.AccessKey, Secret: example.Secret, Token: "t"}, "eu-central-1"), want: "InvalidToken"},
		{name: "too early", r: signed(example, "eu-central-1"), at: now.Add(-15*time.Minute - time.Second), want: "RequestTimeTooSkewed"},
		{name: "too late", r: signed(example, "eu-central-1"), at: now.Add(15*time.Minute + time.Second), want: "RequestTimeTooSkewed"},
		{name: "just in time", r: signed(example, "eu-central-1"), at: now.Add(15 * time.Minute)},
		{name: "other method", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Method = "HEAD" }), want: "SignatureDoesNotMatch"},
		{name: "other path", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Path = "/bucket//key" }), want: "SignatureDoesNotMatch"},
		{name: "bad path", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Path = "/%zz" }), want: "InvalidURI"},
		{name: "other host", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Host = "host:80" }), want: "SignatureDoesNotMatch"},
		{name: "query added", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Query = "acl" }), want: "SignatureDoesNotMatch"},
		{name: "bad query", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Query = "%z" }), want: "InvalidArgument"},
		{name: "payload changed", r: edit(signed(example, "eu-central-1"), func(r *Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{emptyPayload}
		}), want: "SignatureDoesNotMatch"},
		{name: "payload missing", r: edit(signed(example, "eu-central-1"), func(r *Request) { delete(r.Header, "X-Amz-Content-Sha256") }), want: "InvalidRequest"},
		{name: "date missing", r: edit(signed(example, "eu-central-1"), func(r *Request) { delete(r.Header, "X-Amz-Date") }), want: "InvalidRequest"},
		{name: "date malformed", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Header["X-Amz-Date"] = []string{"today"} }), want: "AccessDenied"},
		{name: "unsigned amz field", r: edit(signed(example, "eu-central-1"), func(r *Request) { r.Header["X-Amz-Acl"] = []string{"x"} }), want: "AccessDenied"},

		{name: "expired", r: presigned(example, now), at: now.Add(61 * time.Second), want: "AccessDenied"},
		{name: "not yet valid", r: presigned(example, now.Add(time.Hour)), want: "AccessDenied"},
		{name: "parameter missing", r: edit(presigned(example, now), func(r *Request) {
			r.Query = strings.Replace(r.Query, "X-Amz-Expires=60&", "", 1)
		}), want: "AuthorizationQueryParametersError"},
		{name: "parameter twice", r: edit(presigned(example, now), func(r *Request) { r.Query += "&X-Amz-Expires=60" }), want: "AuthorizationQueryParametersError"},
		{name: "expiry too long", r: edit(presigned(example, now), func(r *Request) {
			r.Query = strings.Replace(r.Query, "Expires=60", "Expires=604801", 1)
		}), want: "AuthorizationQueryParametersError"},
		{name: "expiry changed", r: edit(presigned(example, now), func(r *Request) {
			r.Query = strings.Replace(r.Query, "Expires=60", "Expires=600", 1)
		}), want: "SignatureDoesNotMatch"},
		{name: "parameter added", r: edit(presigned(example, now), func(r *Request) { r.Query += "&response-content-type=text/html" }), want: "SignatureDoesNotMatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := tt.at
			if at.IsZero() {
				at = now
			}
			proof, err := v.Verify(tt.r, at)
			if kind(err) != tt.want || (proof == nil) != (err != nil) {
				t.Fatalf("Verify = %+v, %v; want %q", proof, err, tt.want)
			}
			if e, ok := err.(*VerifyError); ok {
				if e.Code == "SignatureDoesNotMatch" && (e.CanonicalRequest == "" || e.StringToSign == "") {
					t.Errorf("%v shows no canonical request", e)
				}
				if s := e.Status(); s != 403 && s != 400 {
					t.Errorf("%v has status %d", e, s)
				}
			}
		})
	}
}

func TestVerifyNamesTheRegion(t *testing.T) {
	v := Verifier{Lookup: lookup(example), Region: "eu-central-1", Service: "s3"}
	s := NewSigner(NewKeys(), example, "auto", "s3", PayloadUnsigned)
	_, err := v.Verify(sent(GET, "h", "/b/k", "", s.Sign(GET, "h", "/b/k", "", day2013)), day2013)
	if e, ok := err.(*VerifyError); !ok || e.Region != "eu-central-1" || e.Status() != 400 {
		t.Errorf("Verify = %+v; want the region eu-central-1 and status 400", err)
	}
}

func FuzzVerify(f *testing.F) {
	s := NewSigner(NewKeys(), example, "us-east-1", "s3", PayloadUnsigned)
	h := s.Sign(GET, "h", "/b/k", "", day2013)
	f.Add("/b/k", "", h.Authorization)
	query, err := s.Presign(GET, "h", "/b/k", "", day2013, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("/b/k", query, "")
	f.Fuzz(func(t *testing.T, path, query, auth string) {
		r := &Request{Method: "GET", Host: "h", Path: path, Query: query, Header: map[string][]string{
			"X-Amz-Date": {h.Date}, "X-Amz-Content-Sha256": {h.ContentSHA256},
		}}
		if auth != "" {
			r.Header["Authorization"] = []string{auth}
		} else {
			r.Header = nil
		}
		v := Verifier{Lookup: lookup(example)}
		proof, err := v.Verify(r, day2013)
		if (proof == nil) != (kind(err) != "") {
			t.Fatalf("Verify = %+v, %v", proof, err)
		}
		if proof != nil && proof.AccessKey != example.AccessKey {
			t.Fatalf("Verify proves %q", proof.AccessKey)
		}
	})
}
