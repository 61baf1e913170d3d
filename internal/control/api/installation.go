package api

import (
	"bytes"
	"context"
	"encoding/json"

	spec "github.com/cistern-cdn/cistern/api"
	"github.com/cistern-cdn/cistern/internal/control/api/contract"
	"github.com/cistern-cdn/cistern/internal/zone"
)

// ListProviders answers GET /cdn/providers.
func (s *server) ListProviders(context.Context, contract.ListProvidersRequestObject) (contract.ListProvidersResponseObject, error) {
	out := contract.ProviderList{Items: []contract.Provider{}, NextCursor: null[string]()}
	for _, p := range zone.Providers() {
		endpoints := []string{}
		for _, f := range p.Forms {
			endpoints = append(endpoints, f.Host)
		}
		out.Items = append(out.Items, contract.Provider{ID: p.ID, Name: p.Name, Endpoints: endpoints, RegionDefault: p.Region,
			Addressing: contract.Addressing(p.Addressing), AuthType: p.Auth})
	}
	out.Total = len(out.Items)
	return contract.ListProviders200JSONResponse(out), nil
}

// ListEdges answers GET /cdn/edges.
func (s *server) ListEdges(context.Context, contract.ListEdgesRequestObject) (contract.ListEdgesResponseObject, error) {
	out := contract.EdgeList{Items: []contract.Edge{}, NextCursor: null[string]()}
	for _, e := range s.publisher.Edges() {
		state := contract.EdgeStateLive
		if !e.Live {
			state = contract.EdgeStateLost
		}
		out.Items = append(out.Items, contract.Edge{UUID: e.UUID, Name: e.Name, State: state, Revision: e.Revision})
	}
	out.Total = len(out.Items)
	return contract.ListEdges200JSONResponse(out), nil
}

// GetVersion answers GET /version.
func (s *server) GetVersion(context.Context, contract.GetVersionRequestObject) (contract.GetVersionResponseObject, error) {
	return contract.GetVersion200JSONResponse{Version: s.version}, nil
}

// GetOpenAPIYAML answers GET /openapi.yaml.
func (s *server) GetOpenAPIYAML(context.Context, contract.GetOpenAPIYAMLRequestObject) (contract.GetOpenAPIYAMLResponseObject, error) {
	return contract.GetOpenAPIYAML200ApplicationYamlResponse{Body: bytes.NewReader(spec.OpenAPI), ContentLength: int64(len(spec.OpenAPI))}, nil
}

// GetOpenAPIJSON answers GET /openapi.json.
func (s *server) GetOpenAPIJSON(context.Context, contract.GetOpenAPIJSONRequestObject) (contract.GetOpenAPIJSONResponseObject, error) {
	out := contract.GetOpenAPIJSON200JSONResponse{}
	err := json.Unmarshal(s.doc.json, &out)
	return out, err
}
