package s3error

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		body string
		want Document
		ok   bool
	}{
		{
			name: "AWS",
			body: `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a b</Key><RequestId>R1</RequestId><HostId>H1=</HostId></Error>`,
			want: Document{Code: "NoSuchKey", Message: "The specified key does not exist.", RequestID: "R1", HostID: "H1="},
			ok:   true,
		},
		{
			name: "namespace and blanks",
			body: "<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  <Code>\n AccessDenied </Code>\n</Error>\n",
			want: Document{Code: "AccessDenied"},
			ok:   true,
		},
		{
			name: "region and endpoint",
			body: `<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint><Region>eu-west-1</Region></Error>`,
			want: Document{Code: "PermanentRedirect", Endpoint: "b.s3.eu-west-1.amazonaws.com", Region: "eu-west-1"},
			ok:   true,
		},
		{
			name: "signature",
			body: "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>AWS4-HMAC-SHA256\nx</StringToSign><CanonicalRequest>GET\n/a&amp;b\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD</CanonicalRequest></Error>",
			want: Document{Code: "SignatureDoesNotMatch", StringToSign: "AWS4-HMAC-SHA256\nx", CanonicalRequest: "GET\n/a&b\n\nhost:h\n\nhost\nUNSIGNED-PAYLOAD"},
			ok:   true,
		},
		{
			name: "OSS",
			body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>RequestTimeTooSkewed</Code><Message>m</Message><RequestId>65</RequestId><HostId>b.oss-cn-hangzhou.aliyuncs.com</HostId><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds><RequestTime>2023-01-01T00:00:00.000Z</RequestTime><ServerTime>2024-01-01T00:00:00.000Z</ServerTime><EC>0002-00000504</EC></Error>`,
			want: Document{Code: "RequestTimeTooSkewed", Message: "m", RequestID: "65", HostID: "b.oss-cn-hangzhou.aliyuncs.com", ServerTime: "2024-01-01T00:00:00.000Z", EC: "0002-00000504"},
			ok:   true,
		},
		{name: "first of two counts", body: `<Error><Code>A</Code><Code>B</Code></Error>`, want: Document{Code: "A"}, ok: true},
		{name: "nested elements do not count", body: `<Error><Detail><Code>A</Code></Detail><Code>B<i>C</i>D</Code></Error>`, want: Document{Code: "BD"}, ok: true},
		{name: "CDATA", body: `<Error><Code><![CDATA[A]]></Code></Error>`, want: Document{Code: "A"}, ok: true},

		{name: "empty"},
		{name: "no XML", body: "404 page not found"},
		{name: "HTML", body: "<!DOCTYPE html><html><body>x</body></html>"},
		{name: "other root", body: `<ListBucketResult><Code>A</Code></ListBucketResult>`},
		{name: "no code", body: `<Error><Message>m</Message></Error>`},
		{name: "cut", body: `<Error><Code>NoSuchKey</Code>`},
		{name: "document type", body: `<!DOCTYPE Error><Error><Code>A</Code></Error>`},
		{name: "entity", body: `<!DOCTYPE e [<!ENTITY a "b">]><Error><Code>&a;</Code></Error>`},
		{name: "undeclared entity", body: `<Error><Code>&a;</Code></Error>`},
		{name: "other charset", body: `<?xml version="1.0" encoding="ISO-8859-1"?><Error><Code>A</Code></Error>`},
		{name: "too large", body: `<Error><Code>A</Code></Error>` + strings.Repeat(" ", MaxBody)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse([]byte(tt.body))
			if ok != tt.ok || tt.ok && got != tt.want {
				t.Errorf("Parse = %+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<Error><Code>NoSuchKey</Code><Message>m</Message></Error>`))
	f.Add([]byte(`<?xml version="1.0"?><Error xmlns="a"><Code>A</Code><Detail><Code>B</Code></Detail></Error>`))
	f.Add([]byte(`<!DOCTYPE a><Error/>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, ok := Parse(body)
		if ok && (d.Code == "" || d.Code != strings.TrimSpace(d.Code)) {
			t.Fatalf("Parse(%q) = %+v", body, d)
		}
		for _, status := range []int{200, 301, 400, 403, 404, 500} {
			v := Classify(Answer{Status: status, Body: body})
			if v.OK() != (status == 200) || v.Status < 200 || v.Status > 599 || v.Negative && v.Credential {
				t.Fatalf("Classify(%d, %q) = %+v", status, body, v)
			}
		}
	})
}
