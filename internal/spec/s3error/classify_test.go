package s3error

import (
	"testing"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
)

func TestClassify(t *testing.T) {
	const (
		config  = cdnfield.ProxyConfigurationError
		busy    = cdnfield.DestinationUnavailable
		request = cdnfield.HTTPRequestError
	)
	doc := func(code, more string) []byte {
		return []byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code>` + more + `</Error>`)
	}
	xml := func(status int, code string) Answer {
		return Answer{Status: status, Type: "application/xml", Body: doc(code, "")}
	}
	with := func(status int, code, more string) Answer {
		return Answer{Status: status, Type: "application/xml", Body: doc(code, more)}
	}
	html := func(status int) Answer {
		return Answer{Status: status, Type: "text/html; charset=utf-8", Body: []byte("<html>nginx</html>")}
	}
	missing := Verdict{Code: catalog.OriginObjectMissing, Status: 404, Negative: true}
	fail := func(code catalog.Origin) Verdict { return Verdict{Code: code, Status: 502, ProxyError: config} }
	credential := func(code catalog.Origin) Verdict {
		return Verdict{Code: code, Status: 502, ProxyError: config, Credential: true}
	}
	refused := func(code catalog.Origin) Verdict { return Verdict{Code: code, Status: 403, ProxyError: request} }

	tests := []struct {
		name   string
		answer Answer
		want   Verdict // Region and Document are not compared
		region string
	}{
		{name: "200", answer: Answer{Status: 200}, want: Verdict{Status: 200}},
		{name: "206", answer: Answer{Status: 206}, want: Verdict{Status: 206}},
		{name: "304", answer: Answer{Status: 304}, want: Verdict{Status: 304}},
		{name: "an object that looks like an error", answer: xml(200, "NoSuchKey"), want: Verdict{Status: 200}},

		{name: "no such key", answer: xml(404, "NoSuchKey"), want: missing},
		{name: "no such version", answer: xml(404, "NoSuchVersion"), want: missing},
		{name: "HEAD 404", answer: Answer{Status: 404, Head: true}, want: missing},
		{name: "GET 404 without body", answer: Answer{Status: 404}, want: missing},
		{name: "delete marker by version", answer: Answer{Status: 405, DeleteMarker: true, Body: doc("MethodNotAllowed", "")}, want: missing},
		{name: "405 otherwise", answer: xml(405, "MethodNotAllowed"), want: fail(catalog.OriginOriginRejected)},
		{name: "key too long", answer: xml(400, "KeyTooLongError"), want: missing},
		{name: "invalid URI", answer: xml(400, "InvalidURI"), want: missing},

		{name: "no such bucket", answer: xml(404, "NoSuchBucket"), want: fail(catalog.OriginBucketMissing)},
		{name: "invalid bucket name", answer: xml(400, "InvalidBucketName"), want: fail(catalog.OriginBucketMissing)},
		{
			name: "no such bucket, named by the viewer", answer: Answer{Status: 404, Body: doc("NoSuchBucket", ""), ViewerBucket: true},
			want: Verdict{Code: catalog.OriginBucketMissing, Status: 404, Negative: true},
		},

		{name: "access denied", answer: xml(403, "AccessDenied"), want: refused(catalog.OriginAccessDenied)},
		{name: "HEAD 403", answer: Answer{Status: 403, Head: true}, want: refused(catalog.OriginAccessDenied)},
		{
			name: "archived", answer: xml(403, "InvalidObjectState"),
			want: Verdict{Code: catalog.OriginObjectArchived, Status: 403, Negative: true},
		},
		{name: "403 of another code", answer: xml(403, "Odd"), want: fail(catalog.OriginOriginRejected)},
		{name: "403 without body", answer: Answer{Status: 403}, want: fail(catalog.OriginOriginRejected)},

		{name: "wrong secret", answer: xml(403, "SignatureDoesNotMatch"), want: credential(catalog.OriginSecretWrong)},
		{name: "unknown key", answer: xml(403, "InvalidAccessKeyId"), want: credential(catalog.OriginKeyUnknown)},
		{name: "bad token, versitygw", answer: xml(400, "InvalidToken"), want: credential(catalog.OriginTokenInvalid)},
		{name: "bad token, MinIO", answer: xml(403, "InvalidTokenId"), want: credential(catalog.OriginTokenInvalid)},
		{name: "bad token, OSS", answer: xml(403, "InvalidSecurityToken"), want: credential(catalog.OriginTokenInvalid)},
		{name: "expired", answer: xml(400, "ExpiredToken"), want: credential(catalog.OriginCredentialsExpired)},
		{name: "expired, OSS", answer: xml(403, "SecurityTokenExpired"), want: credential(catalog.OriginCredentialsExpired)},
		{name: "disabled", answer: xml(403, "AllAccessDisabled"), want: credential(catalog.OriginAccountDisabled)},
		{name: "disabled, OSS", answer: xml(403, "UserDisable"), want: credential(catalog.OriginAccountDisabled)},
		{name: "401", answer: Answer{Status: 401}, want: credential(catalog.OriginKeyUnknown)},
		{name: "401, R2", answer: xml(401, "Unauthorized"), want: credential(catalog.OriginKeyUnknown)},
		{name: "HEAD 401", answer: Answer{Status: 401, Head: true}, want: credential(catalog.OriginKeyUnknown)},
		{name: "wrong region", answer: with(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), want: credential(catalog.OriginRegionWrong), region: "eu-west-1"},
		{name: "malformed, no region named", answer: xml(400, "AuthorizationHeaderMalformed"), want: credential(catalog.OriginSecretWrong)},
		{name: "unsigned by argument", answer: with(400, "InvalidArgument", "<ArgumentName>Authorization</ArgumentName>"), want: credential(catalog.OriginUnsigned)},
		{name: "unsigned by text", answer: with(400, "InvalidArgument", "<Message>Authorization</Message>"), want: credential(catalog.OriginUnsigned)},
		{name: "key of wrong length, R2", answer: with(400, "InvalidArgument", "<Message>Credential access key has length 20, should be 32</Message>"), want: credential(catalog.OriginKeyUnknown)},
		{name: "another argument", answer: with(400, "InvalidArgument", "<ArgumentName>versionId</ArgumentName>"), want: fail(catalog.OriginOriginRejected)},
		{name: "skew", answer: xml(403, "RequestTimeTooSkewed"), want: credential(catalog.OriginClockSkew)},
		{name: "OSS V1", answer: with(403, "AccessDenied", "<EC>0002-00000080</EC>"), want: credential(catalog.OriginOSSV1Refused)},

		{name: "KMS, OSS", answer: with(403, "AccessDenied", "<Message>This request is forbidden by kms</Message>"), want: fail(catalog.OriginKMSDenied)},
		{name: "KMS, AWS", answer: with(403, "AccessDenied", "<Message>User: x is not authorized to perform: kms:Decrypt on resource</Message>"), want: fail(catalog.OriginKMSDenied)},
		{name: "KMS by code", answer: xml(400, "KMS.DisabledException"), want: fail(catalog.OriginKMSDenied)},

		{name: "416", answer: xml(416, "InvalidRange"), want: Verdict{Status: 416, ProxyError: request}},
		{name: "421", answer: Answer{Status: 421}, want: fail(catalog.OriginWrongJurisdiction)},
		{name: "429", answer: Answer{Status: 429}, want: Verdict{Code: catalog.OriginOriginBusy, Status: 503, ProxyError: busy}},
		{name: "slow down", answer: xml(503, "SlowDown"), want: Verdict{Code: catalog.OriginOriginBusy, Status: 503, ProxyError: busy}},
		{name: "503 page", answer: html(503), want: Verdict{Code: catalog.OriginOriginBusy, Status: 503, ProxyError: busy}},
		{name: "500", answer: xml(500, "InternalError"), want: Verdict{Code: catalog.OriginOriginError, Status: 502, ProxyError: busy}},
		{name: "502", answer: html(502), want: Verdict{Code: catalog.OriginOriginError, Status: 502, ProxyError: busy}},
		{name: "504", answer: html(504), want: Verdict{Code: catalog.OriginOriginError, Status: 504, ProxyError: busy}},
		{name: "520", answer: html(520), want: Verdict{Code: catalog.OriginOriginError, Status: 502, ProxyError: busy}},

		{name: "redirect", answer: html(301), want: fail(catalog.OriginRedirectUntrusted)},
		{name: "redirect to a region by header", answer: Answer{Status: 301, BucketRegion: "eu-west-1", Body: doc("PermanentRedirect", "")}, want: credential(catalog.OriginRegionWrong), region: "eu-west-1"},
		{name: "redirect to a region by body", answer: with(307, "TemporaryRedirect", "<Region>eu-west-2</Region>"), want: credential(catalog.OriginRegionWrong), region: "eu-west-2"},
		{name: "HTML 403", answer: html(403), want: fail(catalog.OriginFrontLayer)},
		{name: "HTML 404", answer: html(404), want: fail(catalog.OriginFrontLayer)},
		{name: "HTML 401", answer: html(401), want: fail(catalog.OriginFrontLayer)},
		{name: "HTML without type", answer: Answer{Status: 400, Body: []byte(" <!DOCTYPE HTML>\n<html>")}, want: fail(catalog.OriginFrontLayer)},
		{name: "text 404", answer: Answer{Status: 404, Type: "text/plain", Body: []byte("404 page not found")}, want: fail(catalog.OriginFrontLayer)},
		{name: "HEAD of a page", answer: Answer{Status: 404, Head: true, Type: "text/html"}, want: missing},
		{name: "other 4xx", answer: xml(412, "PreconditionFailed"), want: fail(catalog.OriginOriginRejected)},
		{name: "HEAD 400", answer: Answer{Status: 400, Head: true}, want: fail(catalog.OriginOriginRejected)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Classify(tt.answer)
			if got.Region != tt.region {
				t.Errorf("Region = %q; want %q", got.Region, tt.region)
			}
			if got.OK() != (tt.want.Code == "" && tt.want.Status != 416) {
				t.Errorf("OK() = %v for %+v", got.OK(), got)
			}
			if row := got.Code.Row(); got.Code != "" && row.Status != 0 && row.Status != got.Status &&
				got.Code != catalog.OriginBucketMissing && got.Code != catalog.OriginOriginError {
				t.Errorf("status %d; the catalogue has %d", got.Status, row.Status)
			}
			got.Region, got.Document = "", Document{}
			if got != tt.want {
				t.Errorf("Classify = %+v; want %+v", got, tt.want)
			}
		})
	}
}
