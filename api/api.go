// Package api holds the contract of the REST API. openapi.yaml says what each
// operation takes and answers; the server's types and the client are generated
// from it. errors.yaml has every error code; the catalogue in
// internal/spec/catalog and the page docs/errors.md are generated from it.
package api

import _ "embed" // for OpenAPI

// OpenAPI is the text of openapi.yaml.
//
//go:embed openapi.yaml
var OpenAPI []byte

//go:generate go run ./gen ..
//go:generate sh -c "cd .. && go tool oapi-codegen -config api/server.yaml api/openapi.yaml"
//go:generate sh -c "cd .. && go tool oapi-codegen -config api/client.yaml api/openapi.yaml"
