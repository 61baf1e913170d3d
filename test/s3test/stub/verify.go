package stub

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cistern-cdn/cistern/internal/spec/sigv4"
)

// verify returns why a request is refused; nil means that it is not.
func (s *Server) verify(r *http.Request) *refusal {
	if s.options.Plain {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Amz-Date") != "" {
			return &refusal{http.StatusBadRequest, "InvalidArgument", "A plain origin was sent a signature.", ""}
		}
		return nil
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	verifier := sigv4.Verifier{Lookup: s.lookup, Region: s.options.Region, Service: "s3"}
	_, err := verifier.Verify(&sigv4.Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header}, time.Now())
	var refused *sigv4.VerifyError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused):
		panic(fmt.Sprintf("bug: verify signature: %v", err))
	}
	return &refusal{refused.Status(), refused.Code, refused.Message, refused.CanonicalRequest}
}

func (s *Server) lookup(accessKey string) (sigv4.Credentials, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, ok := s.secrets[accessKey]
	return sigv4.Credentials{AccessKey: accessKey, Secret: secret}, ok
}
