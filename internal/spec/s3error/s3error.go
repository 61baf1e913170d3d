// Package s3error reads the error answers of object stores: it parses their
// XML documents and says what an answer means for the viewer and for whoever
// configured the origin. The forms are those of Amazon S3 and its compatibles
// (AWS S3 API Reference, "Error responses") and of Alibaba OSS.
package s3error

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

// MaxBody is the size, in bytes, of the largest error document that is read.
const MaxBody = 64 << 10

// A Document is the error document of a store. It may name bucket, key and
// access key, so it is for logs and for the origin's owner, never for
// viewers. A field that the store did not send is empty.
type Document struct {
	Code         string // "NoSuchKey"
	Message      string
	Resource     string
	RequestID    string
	HostID       string
	Region       string // the bucket's, where the request named another
	Endpoint     string // where the bucket wants to be asked
	ServerTime   string // RFC 3339
	ArgumentName string // of InvalidArgument
	EC           string // OSS: code of the diagnosis, "0003-00000001"

	// CanonicalRequest and StringToSign are the store's view of a request
	// whose signature did not match.
	CanonicalRequest string
	StringToSign     string
}

// field returns where the element name is kept, or nil.
func (d *Document) field(name string) *string {
	switch name {
	case "Code":
		return &d.Code
	case "Message":
		return &d.Message
	case "Resource":
		return &d.Resource
	case "RequestId", "RequestID":
		return &d.RequestID
	case "HostId", "HostID":
		return &d.HostID
	case "Region":
		return &d.Region
	case "Endpoint":
		return &d.Endpoint
	case "ServerTime":
		return &d.ServerTime
	case "ArgumentName":
		return &d.ArgumentName
	case "EC":
		return &d.EC
	case "CanonicalRequest":
		return &d.CanonicalRequest
	case "StringToSign":
		return &d.StringToSign
	}
	return nil
}

// Parse reads an error document: XML in UTF-8 whose root is Error and has a
// Code. It reports false for everything else, for bodies beyond MaxBody, and
// for XML with a document type, hence with entities of its own. Of an element
// that comes twice the first counts.
func Parse(body []byte) (Document, bool) {
	if len(body) > MaxBody {
		return Document{}, false
	}
	var d Document
	p := xml.NewDecoder(bytes.NewReader(body))
	var (
		depth int
		text  *string // where the character data of the open element goes
		value strings.Builder
	)
	for {
		token, err := p.Token()
		if err == io.EOF && depth == 0 {
			break
		}
		if err != nil {
			return Document{}, false
		}
		switch t := token.(type) {
		case xml.Directive:
			return Document{}, false
		case xml.StartElement:
			depth++
			switch depth {
			case 1:
				if t.Name.Local != "Error" {
					return Document{}, false
				}
			case 2:
				value.Reset()
				if text = d.field(t.Name.Local); text != nil && *text != "" {
					text = nil
				}
			}
		case xml.CharData:
			if depth == 2 && text != nil {
				value.Write(t)
			}
		case xml.EndElement:
			if depth == 2 && text != nil {
				*text = strings.TrimSpace(value.String())
				text = nil
			}
			depth--
		}
	}
	return d, d.Code != ""
}
