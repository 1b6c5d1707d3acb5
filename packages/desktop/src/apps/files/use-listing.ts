import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { useServices } from '../../services.ts';
import { createListing, type Listing, type ListingState, type Place } from './listing.ts';

/** The listing of a place for as long as the component shows it. */
export function useListing(place: Place): ListingState & { listing: Listing } {
  const { api, events } = useServices();
  const id = place.kind === 'folder' ? place.id : null;
  const listing = useMemo(
    () => createListing({ drive: api.drive, events, place: id === null ? { kind: 'trash' } : { kind: 'folder', id } }),
    [api, events, id],
  );
  useEffect(() => {
    listing.start();
    return listing.stop;
  }, [listing]);
  return { ...useStore(listing.store), listing };
}
