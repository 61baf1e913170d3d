package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/objkey"
)

// A Request is what a server received.
type Request struct {
	Method string
	Host   string              // value of the Host field
	Path   string              // raw, as in the request line
	Query  string              // raw, without "?"
	Header map[string][]string // names in any case; Host is ignored
}

// A Verifier checks requests as a store does. It is safe for concurrent use
// if Lookup is.
type Verifier struct {
	// Lookup returns the credentials that belong to an access key. With a
	// Token in them, requests must carry it.
	Lookup func(accessKey string) (Credentials, bool)

	// Region and Service are those the signature must name. Empty accepts any.
	Region, Service string

	// MaxSkew bounds the difference between the time of a header signature
	// and the server's. Zero means 15 minutes, as for S3; negative any.
	MaxSkew time.Duration
}

// A Proof is what a valid signature says.
type Proof struct {
	AccessKey       string
	Region, Service string
	Time            time.Time
	ContentSHA256   string // as signed; of a presigned request: UNSIGNED-PAYLOAD
	Presigned       bool

	CanonicalRequest string
	StringToSign     string
}

// A VerifyError says why a signature is not accepted. It never holds a secret.
type VerifyError struct {
	// Code is the error code of S3: "AccessDenied", "InvalidArgument",
	// "InvalidRequest", "AuthorizationHeaderMalformed",
	// "AuthorizationQueryParametersError", "InvalidAccessKeyId",
	// "InvalidToken", "InvalidURI", "RequestTimeTooSkewed" or
	// "SignatureDoesNotMatch".
	Code    string
	Message string
	Region  string // the right one, if the request named another

	// CanonicalRequest and StringToSign are the server's view of a request
	// whose signature does not match.
	CanonicalRequest string
	StringToSign     string
}

// Error describes the mismatch.
func (e *VerifyError) Error() string { return "verify signature: " + e.Code + ": " + e.Message }

// Status returns the HTTP status with which S3 sends the error.
func (e *VerifyError) Status() int {
	switch e.Code {
	case "AccessDenied", "InvalidAccessKeyId", "RequestTimeTooSkewed", "SignatureDoesNotMatch":
		return 403
	}
	return 400
}

// claim is what a request says about its own signature.
type claim struct {
	accessKey, date, region, service string
	signed                           []string
	signature                        string
	at                               string // X-Amz-Date
	payload                          string
	token                            string
	presigned                        bool
	expires                          time.Duration
	query                            []pair // without the signature
}

// Verify checks the signature of r, in the header or in the query, at the
// time now. It compares the payload hash with nothing: that is left to the
// caller, who has the body. The error is a *VerifyError.
func (v *Verifier) Verify(r *Request, now time.Time) (*Proof, error) {
	c, err := v.claim(r)
	if err != nil {
		return nil, err
	}
	at, err := c.checkTime(now, v.MaxSkew)
	if err != nil {
		return nil, err
	}
	if err := v.checkScope(c); err != nil {
		return nil, err
	}
	if err := checkSigned(r, c); err != nil {
		return nil, err
	}
	cred, ok := v.Lookup(c.accessKey)
	if !ok {
		return nil, &VerifyError{Code: "InvalidAccessKeyId", Message: fmt.Sprintf("access key %q is not known", c.accessKey)}
	}
	if cred.Token != c.token {
		return nil, &VerifyError{Code: "InvalidToken", Message: "session token does not belong to the access key"}
	}
	canonical, err := c.canonical(r)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(canonical))
	scope := "/" + c.region + "/" + c.service + "/" + terminator
	text := string(appendStringToSign(nil, []byte(c.at), scope, &hash))
	key := derive(cred.Secret, c.date, c.region, c.service)
	want := newHMAC(key[:]).sign([]byte(c.at), scope, &hash)
	if !hmac.Equal([]byte(hex.EncodeToString(want[:])), []byte(c.signature)) {
		return nil, &VerifyError{Code: "SignatureDoesNotMatch", Message: "signature differs from the one computed here",
			CanonicalRequest: canonical, StringToSign: text}
	}
	return &Proof{AccessKey: c.accessKey, Region: c.region, Service: c.service, Time: at, ContentSHA256: c.payload,
		Presigned: c.presigned, CanonicalRequest: canonical, StringToSign: text}, nil
}

// header returns the values of a field.
func (r *Request) header(name string) []string {
	var values []string
	for n, vs := range r.Header {
		if strings.EqualFold(n, name) {
			values = append(values, vs...)
		}
	}
	return values
}

// claim reads the one signature that r carries.
func (v *Verifier) claim(r *Request) (*claim, error) {
	pairs, err := parseQuery(r.Query)
	if err != nil {
		return nil, &VerifyError{Code: "InvalidArgument", Message: err.Error()}
	}
	inQuery := slices.ContainsFunc(pairs, func(p pair) bool {
		return p.name == "X-Amz-Signature" || p.name == "X-Amz-Algorithm"
	})
	auth := r.header("Authorization")
	switch {
	case len(auth) > 1 || len(auth) == 1 && inQuery:
		return nil, &VerifyError{Code: "InvalidArgument", Message: "only one auth mechanism allowed"}
	case inQuery:
		return queryClaim(pairs)
	case len(auth) == 0:
		return nil, &VerifyError{Code: "AccessDenied", Message: "request is not signed"}
	}
	return headerClaim(r, auth[0], pairs)
}

func headerClaim(r *Request, auth string, pairs []pair) (*claim, error) {
	malformed := func(format string, args ...any) error {
		return &VerifyError{Code: "AuthorizationHeaderMalformed", Message: fmt.Sprintf(format, args...)}
	}
	rest, ok := strings.CutPrefix(auth, algorithm+" ")
	if !ok {
		return nil, &VerifyError{Code: "InvalidArgument", Message: "Authorization does not begin with " + algorithm}
	}
	c := &claim{query: pairs}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.Trim(part, " "), "=")
		if seen[name] || value == "" {
			return nil, malformed("part %q is empty or comes twice", name)
		}
		seen[name] = true
		switch name {
		case "Credential":
			if !c.setCredential(value) {
				return nil, malformed("credential %q is not key/date/region/service/aws4_request", value)
			}
		case "SignedHeaders":
			c.signed = strings.Split(value, ";")
		case "Signature":
			c.signature = value
		default:
			return nil, malformed("part %q is not known", name)
		}
	}
	if len(seen) != 3 {
		return nil, malformed("Credential, SignedHeaders or Signature is missing")
	}
	var err error
	one := func(name string, required bool) string {
		values := r.header(name)
		if (len(values) != 1 && required || len(values) > 1) && err == nil {
			err = &VerifyError{Code: "InvalidRequest", Message: "missing or repeated header " + name}
		}
		return strings.Join(values, "")
	}
	c.at = one("x-amz-date", true)
	c.payload = one("x-amz-content-sha256", true)
	c.token = one("x-amz-security-token", false)
	return c, err
}

func queryClaim(pairs []pair) (*claim, error) {
	bad := func(format string, args ...any) error {
		return &VerifyError{Code: "AuthorizationQueryParametersError", Message: fmt.Sprintf(format, args...)}
	}
	c := &claim{presigned: true, payload: unsignedPayload}
	values := make(map[string]string)
	for _, p := range pairs {
		if strings.HasPrefix(p.name, "X-Amz-") {
			if _, twice := values[p.name]; twice {
				return nil, bad("parameter %s comes twice", p.name)
			}
			values[p.name], _ = url.QueryUnescape(p.value)
		}
		if p.name != "X-Amz-Signature" {
			c.query = append(c.query, p)
		}
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if values[name] == "" {
			return nil, bad("parameter %s is missing", name)
		}
	}
	if values["X-Amz-Algorithm"] != algorithm {
		return nil, bad("algorithm %q is not %s", values["X-Amz-Algorithm"], algorithm)
	}
	if !c.setCredential(values["X-Amz-Credential"]) {
		return nil, bad("credential %q is not key/date/region/service/aws4_request", values["X-Amz-Credential"])
	}
	seconds, err := strconv.Atoi(values["X-Amz-Expires"])
	if err != nil || seconds < 1 || seconds > int(MaxExpires/time.Second) {
		return nil, bad("expiry %q is not 1 to %d seconds", values["X-Amz-Expires"], int(MaxExpires/time.Second))
	}
	c.expires = time.Duration(seconds) * time.Second
	c.at = values["X-Amz-Date"]
	c.signed = strings.Split(values["X-Amz-SignedHeaders"], ";")
	c.signature = values["X-Amz-Signature"]
	c.token = values["X-Amz-Security-Token"]
	return c, nil
}

// setCredential splits a credential scope. An access key may hold slashes.
func (c *claim) setCredential(s string) bool {
	parts := strings.Split(s, "/")
	n := len(parts)
	if n < 5 || parts[n-1] != terminator {
		return false
	}
	c.accessKey = strings.Join(parts[:n-4], "/")
	c.date, c.region, c.service = parts[n-4], parts[n-3], parts[n-2]
	return c.accessKey != ""
}

func (c *claim) malformed() string {
	if c.presigned {
		return "AuthorizationQueryParametersError"
	}
	return "AuthorizationHeaderMalformed"
}

func (c *claim) checkTime(now time.Time, skew time.Duration) (time.Time, error) {
	at, err := time.Parse(timeLayout, c.at)
	if err != nil || len(c.at) != len(timeLayout) {
		return at, &VerifyError{Code: "AccessDenied", Message: fmt.Sprintf("time %q is not like %s", c.at, timeLayout)}
	}
	if c.date != c.at[:8] {
		return at, &VerifyError{Code: c.malformed(), Message: fmt.Sprintf("credential is for day %q, the request of %s", c.date, c.at)}
	}
	if skew == 0 {
		skew = 15 * time.Minute
	}
	ahead := at.Sub(now)
	switch {
	case skew < 0:
	case c.presigned && ahead < -c.expires:
		return at, &VerifyError{Code: "AccessDenied", Message: "request has expired"}
	case c.presigned && ahead > skew:
		return at, &VerifyError{Code: "AccessDenied", Message: "request is not yet valid"}
	case !c.presigned && ahead.Abs() > skew:
		return at, &VerifyError{Code: "RequestTimeTooSkewed", Message: fmt.Sprintf("request time %s is %v off", c.at, ahead.Abs())}
	}
	return at, nil
}

func (v *Verifier) checkScope(c *claim) error {
	if v.Region != "" && c.region != v.Region {
		return &VerifyError{Code: c.malformed(), Region: v.Region, Message: fmt.Sprintf("region %q is wrong; expecting %q", c.region, v.Region)}
	}
	if v.Service != "" && c.service != v.Service {
		return &VerifyError{Code: c.malformed(), Message: fmt.Sprintf("service %q is wrong; expecting %q", c.service, v.Service)}
	}
	return nil
}

// checkSigned makes sure that the signature covers what S3 wants covered: the
// host and every x-amz-* field.
func checkSigned(r *Request, c *claim) error {
	if !slices.Contains(c.signed, "host") {
		return &VerifyError{Code: c.malformed(), Message: "host is not signed"}
	}
	for i, name := range c.signed {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= c.signed[i-1] {
			return &VerifyError{Code: c.malformed(), Message: fmt.Sprintf("signed header %q is not lower case or not in order", name)}
		}
		if name != "host" && len(r.header(name)) == 0 {
			return &VerifyError{Code: "AccessDenied", Message: "signed header " + name + " was not sent"}
		}
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(c.signed, name) {
			return &VerifyError{Code: "AccessDenied", Message: "there were headers present in the request which were not signed: " + name}
		}
	}
	return nil
}

// canonical returns the canonical request.
func (c *claim) canonical(r *Request) (string, error) {
	path, err := url.PathUnescape(r.Path)
	if err != nil {
		return "", &VerifyError{Code: "InvalidURI", Message: err.Error()}
	}
	var b bytes.Buffer
	b.WriteString(r.Method + "\n")
	b.Write(objkey.AppendStrict(nil, []byte(path)))
	b.WriteString("\n" + joinQuery(c.query) + "\n")
	for _, name := range c.signed {
		values := []string{r.Host}
		if name != "host" {
			values = r.header(name)
		}
		b.WriteString(name + ":")
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(squeeze(value))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n" + strings.Join(c.signed, ";") + "\n" + c.payload)
	return b.String(), nil
}
