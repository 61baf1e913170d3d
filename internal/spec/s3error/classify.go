package s3error

import (
	"bytes"
	"strings"

	"github.com/cistern-cdn/cistern/internal/spec/catalog"
	"github.com/cistern-cdn/cistern/internal/spec/cdnfield"
)

// An Answer is what an origin with signed requests sent, as far as its
// meaning depends on it.
type Answer struct {
	Status int
	Head   bool   // to a HEAD request, whose answer has no body
	Body   []byte // of an error, at most MaxBody bytes of it
	Type   string // Content-Type

	BucketRegion string // x-amz-bucket-region
	DeleteMarker bool   // x-amz-delete-marker: true

	// ViewerBucket says that the bucket's name came from the viewer's URL: then
	// a missing bucket is the viewer's mistake, else the configuration's.
	ViewerBucket bool
}

// A Verdict is what an Answer means.
type Verdict struct {
	// Code is the row of the catalogue; empty for an answer that is passed on,
	// and for 416.
	Code   catalog.Origin
	Status int // for the viewer

	// Negative says that the object does not exist, or lies in an archive,
	// which may be remembered for a short time.
	Negative bool
	// Credential says that the store did not accept key, secret or token, so
	// that every request will fare the same. Never remembered.
	Credential bool
	// ProxyError is the error type of RFC 9209 for Proxy-Status; empty for an
	// answer that is passed on and for a negative one.
	ProxyError string

	Region   string   // the bucket's, if the store named it
	Document Document // zero: none
}

// OK reports whether the answer itself may be passed on to the viewer.
func (v *Verdict) OK() bool { return v.Code == "" && v.ProxyError == "" }

// credentialCode returns the meaning of a store's code that blames key,
// secret or token whatever the status, and "" for another. Where stores
// disagree the comment names the one that is different.
func credentialCode(code string) catalog.Origin {
	switch code {
	case "SignatureDoesNotMatch", "InvalidSignature":
		return catalog.OriginSecretWrong
	case "InvalidAccessKeyId", "InvalidClientTokenId", "Unauthorized", // R2: Unauthorized
		"InvalidSecurity": // Google Cloud Storage
		return catalog.OriginKeyUnknown
	case "InvalidToken", "InvalidTokenId", "InvalidSecurityToken": // MinIO; OSS
		return catalog.OriginTokenInvalid
	case "ExpiredToken", "TokenRefreshRequired", "SecurityTokenExpired": // OSS: the last
		return catalog.OriginCredentialsExpired
	case "AllAccessDisabled", "UserDisable", "AccountProblem", "NotSignedUp": // OSS: UserDisable
		return catalog.OriginAccountDisabled
	case "RequestTimeTooSkewed":
		return catalog.OriginClockSkew
	case "MissingSecurityHeader", "CredentialsNotSupported":
		return catalog.OriginUnsigned
	}
	return ""
}

// Classify says what the answer a of a signed origin means. Of answers that
// are no errors (2xx, 304) nothing is looked at but the status.
func Classify(a Answer) Verdict {
	if a.Status == 304 || a.Status/100 == 2 {
		return Verdict{Status: a.Status}
	}
	v := Verdict{Region: a.BucketRegion}
	known := false
	if !a.Head {
		v.Document, known = Parse(a.Body)
	}
	if v.Region == "" {
		v.Region = v.Document.Region
	}
	switch {
	case v.byStatus(&a):
	case !known && !a.Head && a.isPage():
		v.fail(catalog.OriginFrontLayer)
	case v.credential(a.Status):
	case v.byCode(&a):
	case a.Status == 404 && (a.Head || len(a.Body) == 0):
		v.missing()
	case a.Status == 403 && a.Head:
		v.deny()
	case a.Status == 401:
		v.fail(catalog.OriginKeyUnknown)
		v.Credential = true
	case !known && len(a.Body) > 0:
		v.fail(catalog.OriginFrontLayer)
	default:
		v.fail(catalog.OriginOriginRejected)
	}
	return v
}

// byStatus decides the answers whose status says it all.
func (v *Verdict) byStatus(a *Answer) bool {
	switch {
	case a.Status == 429 || a.Status == 503:
		v.Code, v.Status, v.ProxyError = catalog.OriginOriginBusy, 503, cdnfield.DestinationUnavailable
	case a.Status == 504:
		v.Code, v.Status, v.ProxyError = catalog.OriginOriginError, 504, cdnfield.DestinationUnavailable
	case a.Status >= 500:
		v.Code, v.Status, v.ProxyError = catalog.OriginOriginError, 502, cdnfield.DestinationUnavailable
	case a.Status == 416:
		v.Status, v.ProxyError = 416, cdnfield.HTTPRequestError
	case a.Status == 421:
		v.fail(catalog.OriginWrongJurisdiction)
	case a.Status/100 == 3 && v.Region != "":
		v.fail(catalog.OriginRegionWrong)
		v.Credential = true
	case a.Status < 400:
		v.fail(catalog.OriginRedirectUntrusted)
	case a.Status == 405 && a.DeleteMarker:
		v.missing()
	default:
		return false
	}
	return true
}

// credential decides the answers that blame key, secret, token or region.
func (v *Verdict) credential(status int) bool {
	d := &v.Document
	code := credentialCode(d.Code)
	switch {
	case d.EC == "0002-00000080":
		code = catalog.OriginOSSV1Refused
	case d.Code == "AuthorizationHeaderMalformed" && d.Region != "":
		code = catalog.OriginRegionWrong
	case d.Code == "AuthorizationHeaderMalformed":
		code = catalog.OriginSecretWrong
	case d.Code != "InvalidArgument" || status != 400:
	case strings.Contains(d.Message, "access key"):
		code = catalog.OriginKeyUnknown // R2, if the key has the wrong length
	case d.ArgumentName == "Authorization" || strings.Contains(d.Message, "Authorization"):
		code = catalog.OriginUnsigned
	}
	if code == "" {
		return false
	}
	v.fail(code)
	v.Credential = true
	return true
}

// byCode decides the answers about object and bucket.
func (v *Verdict) byCode(a *Answer) bool {
	d := &v.Document
	switch {
	case strings.HasPrefix(d.Code, "KMS."), a.Status == 403 && mentionsKMS(d.Message):
		v.fail(catalog.OriginKMSDenied)
		return true
	}
	switch d.Code {
	case "NoSuchKey", "NoSuchVersion", "NotFound", "KeyTooLongError", "InvalidURI",
		"InvalidObjectName", "SymlinkTargetNotExist": // OSS: the last two
		v.missing()
	case "NoSuchBucket", "InvalidBucketName":
		v.fail(catalog.OriginBucketMissing)
		if a.ViewerBucket {
			v.Status, v.Negative, v.ProxyError = 404, true, ""
		}
	case "AccessDenied", "Forbidden":
		v.deny()
	case "InvalidObjectState":
		v.archived()
	default:
		return false
	}
	return true
}

// mentionsKMS finds both "Forbidden by KMS" (OSS) and "not authorized to
// perform: kms:Decrypt" (AWS).
func mentionsKMS(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "by kms") || strings.Contains(m, "kms:")
}

// isPage reports whether the body is HTML, which no store sends as an error.
func (a *Answer) isPage() bool {
	if strings.Contains(strings.ToLower(a.Type), "html") {
		return true
	}
	begin := bytes.ToLower(bytes.TrimSpace(a.Body[:min(len(a.Body), 256)]))
	return bytes.HasPrefix(begin, []byte("<!doctype html")) || bytes.HasPrefix(begin, []byte("<html"))
}

// fail makes v an error of the gateway that its owner has to mend.
func (v *Verdict) fail(code catalog.Origin) {
	v.Code, v.Status, v.ProxyError = code, 502, cdnfield.ProxyConfigurationError
}

// missing makes v the absence of the object.
func (v *Verdict) missing() {
	v.Code, v.Status, v.Negative = catalog.OriginObjectMissing, 404, true
}

// archived makes v an object that exists, but cannot be read until somebody
// restores it, which takes longer than a negative entry lasts.
func (v *Verdict) archived() {
	v.Code, v.Status, v.Negative = catalog.OriginObjectArchived, 403, true
}

// deny makes v a refusal of this one object.
func (v *Verdict) deny() {
	v.Code, v.Status, v.ProxyError = catalog.OriginAccessDenied, 403, cdnfield.HTTPRequestError
}
